"""Many seeds over one forward run: along which axis of every tensor do they lie side by side?

A forward run of batch 1 serves any number of seeds: gradients get longer along the batch axis, and forward tensors, of length 1
there, broadcast. The axis moves when a graph transposes or reshapes; it is called the *lane*. A reshape may merge it with a
neighbour (rows of a matrix product): the lane is then *merged*, and only operators pass that read no forward tensor on the way
back. A graph that does anything else with it (windows of Swin, say) has no lanes, and its seeds are run one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rfonnx.gradients.reverse import active_tensors
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.row import Manner
from rfonnx.operators.table import declare, operator

Map = Callable[["Lanes", Node], "int | None"]
"""Gives the lane of a node's outputs, or None when there is none."""


class Lanes:
    """The lanes found so far.

    Attributes:
        graph: the forward graph.
        axes: lane by tensor.
        merged: by tensor whose lane is merged: how many elements of that axis lie outside the lane (rows are split into
            that many, seeds, the rest).
        active: tensors that gradients pass through.
    """

    def __init__(self, graph: Graph, active: set[str]) -> None:
        self.graph = graph
        self.axes: dict[str, int] = {}
        self.merged: dict[str, int] = {}
        self.active = active

    def shape(self, name: str) -> tuple[int, ...]:
        """A static shape; empty when it is not known."""
        shape = self.graph.shapes.get(name)
        return () if shape is None or None in shape else tuple(n or 0 for n in shape)

    def inputs(self, node: Node) -> list[int]:
        """Indices of inputs that gradients pass through."""
        return [i for i, name in enumerate(node.inputs) if name in self.active]

    def outside(self, name: str) -> int:
        """Elements per step of the lane's outer neighbours: where the lane lies in memory."""
        return math.prod(self.shape(name)[: self.axes[name]]) * self.merged.get(name, 1)

    def only(self, node: Node) -> int | None:
        """The lane of input 0, when no other input is active."""
        return self.axes[node.inputs[0]] if self.inputs(node) == [0] else None


def find_lanes(graph: Graph, wrt: Sequence[str]) -> dict[str, int] | None:
    """The lane of every tensor that gradients pass through, or None when a tensor has none.

    Args:
        graph: the forward graph, with batch 1.
        wrt: tensors whose gradients are wanted; axis 0 of the graph inputs among them is the batch.
    """
    lanes = Lanes(graph, active_tensors(graph, wrt))
    for name in wrt:
        if name in graph.inputs:
            shape = lanes.shape(name)
            if not shape or shape[0] != 1:
                return None
            lanes.axes[name] = 0
    for node in graph.nodes:
        outputs = [o for o in node.outputs if o in lanes.active]
        if not outputs or not lanes.inputs(node):
            continue
        if any(node.inputs[i] in lanes.merged for i in lanes.inputs(node)) and not _without_forward_values(node.kind):
            return None
        move = _map_of(node.kind)
        lane = move(lanes, node) if move else None
        if lane is None:
            return None
        for output in outputs:
            # operators with outputs of several ranks (RNNs) count the lane from the end
            shape = lanes.shape(output)
            lanes.axes[output] = at = lane if lane >= 0 else lane + len(shape)
            if at >= len(shape) or (shape[at] != 1 and output not in lanes.merged):
                return None
    return None if lanes.merged.keys() & set(wrt) else lanes.axes


def _without_forward_values(kind: str) -> bool:
    """Whether the gradient with respect to one operand needs no other operand that depends on the input."""
    return operator(kind).keeps == "order" or kind in {"Add", "Sub", "Gemm", "MatMul", "Transpose"}


def _map_of(kind: str) -> Map | None:
    row = operator(kind)
    by_traits = [move for manner, move in _BY_MANNER if manner in row.manner]
    by_traits += [_reshape] if row.keeps == "order" else []
    return row.lane or (_elementwise if row.pointwise else next(iter(by_traits), None))


def _elementwise(lanes: Lanes, node: Node) -> int | None:
    """Axes line up at the end."""
    inputs = lanes.inputs(node)
    found = {lanes.axes[node.inputs[i]] - len(lanes.shape(node.inputs[i])) for i in inputs}
    if any(node.inputs[i] in lanes.merged for i in inputs):
        if inputs != [0] or lanes.shape(node.inputs[0]) != lanes.shape(node.outputs[0]):
            return None
        _pass_merged(lanes, node)
    return found.pop() if len(found) == 1 else None


def _first_axis(lanes: Lanes, node: Node) -> int | None:
    """Operators whose axis 0 is the batch."""
    return 0 if all(lanes.axes[node.inputs[i]] == 0 for i in lanes.inputs(node)) else None


def _image(lanes: Lanes, node: Node) -> int | None:
    """The same, with weights that are constants."""
    return 0 if lanes.only(node) == 0 else None


def _batch_norm(lanes: Lanes, node: Node) -> int | None:
    """In training mode samples, and so seeds, would be mixed."""
    return None if node.attrs["training_mode"] else _image(lanes, node)


def _transpose(lanes: Lanes, node: Node) -> int | None:
    lane, perm = lanes.only(node), node.attrs.get("perm")
    if lane is None or perm is None:
        return None
    _pass_merged(lanes, node)
    return list(perm).index(lane)


def _pass_merged(lanes: Lanes, node: Node) -> None:
    """The output's lane is merged where the input's is."""
    if node.inputs[0] in lanes.merged:
        lanes.merged[node.outputs[0]] = lanes.merged[node.inputs[0]]


def _reshape(lanes: Lanes, node: Node) -> int | None:
    """An axis of length 1 at the same place in memory; without one, the lane is merged with the axis that spans the place."""
    if lanes.only(node) is None:
        return None
    outside = lanes.outside(node.inputs[0])
    out = lanes.shape(node.outputs[0])
    before = [math.prod(out[:a]) for a in range(len(out))]
    for axis, n in enumerate(out):
        if n == 1 and before[axis] == outside:
            return axis
    for axis, n in enumerate(out):
        if before[axis] * n >= outside and outside % before[axis] == 0 and (before[axis] * n) % outside == 0:
            lanes.merged[node.outputs[0]] = outside // before[axis]
            return axis
    return None


def _along(lanes: Lanes, node: Node) -> int | None:
    """Operators that work along `axis` or `axes`, which must not be the lane."""
    lane = _elementwise(lanes, node) if node.op_type == "Concat" else lanes.only(node)
    if lane is None:
        return None
    lane = lane + len(lanes.shape(node.outputs[0])) if lane < 0 else lane
    if node.op_type == "Slice":  # an axis of length 1 stays whole
        return lane
    axes = node.attrs.get("axes")
    axes = [node.attrs.get("axis")] if axes is None else axes
    return None if lane in axes or None in axes else lane


def _reduce(lanes: Lanes, node: Node) -> int | None:
    lane = _along(lanes, node)
    if lane is None or node.attrs.get("keepdims", 1):
        return lane
    return lane - sum(int(a < lane) for a in node.attrs["axes"])


def _gather(lanes: Lanes, node: Node) -> int | None:
    lane, axis = _along(lanes, node), int(node.attrs["axis"])
    if lane is None or lane < axis:
        return lane
    return lane + len(lanes.shape(node.inputs[1])) - 1


def _pad(lanes: Lanes, node: Node) -> int | None:
    lane, pads = lanes.only(node), node.attrs.get("pads")
    if lane is None or pads is None or pads[lane] or pads[lane + len(pads) // 2]:
        return None
    return lane


def _tile(lanes: Lanes, node: Node) -> int | None:
    lane, repeats = lanes.only(node), node.attrs.get("repeats")
    return lane if lane is not None and repeats is not None and repeats[lane] == 1 else None


def _matmul(lanes: Lanes, node: Node) -> int | None:
    """The lane is no contracted axis: a batch axis of both, or any other axis of the only operand."""
    ranks = [len(lanes.shape(name)) for name in node.inputs]
    if min(ranks) < 2:
        return None
    found = set()
    both = len(lanes.inputs(node)) == 2
    for index in lanes.inputs(node):
        lane = lanes.axes[node.inputs[index]] - ranks[index]
        if lane == (-1 if index == 0 else -2) or (both and lane >= -2):
            return None
        found.add(lane)
    if any(name in lanes.merged for name in node.inputs):
        if both or lanes.inputs(node) != [0] or ranks[1] != 2:
            return None
        _pass_merged(lanes, node)
    return found.pop() if len(found) == 1 else None


def _gemm(lanes: Lanes, node: Node) -> int | None:
    """Rows of A, unless it is transposed."""
    if lanes.only(node) != 0 or node.attrs.get("transA", 0):
        return None
    _pass_merged(lanes, node)
    return 0


def _recurrent(lanes: Lanes, node: Node) -> int | None:
    """The batch is axis 1 of x, and the last but one of all outputs; in layout 1 nobody needs it."""
    return -2 if lanes.only(node) == 1 and not node.attrs.get("layout", 0) else None


_BY_MANNER: tuple[tuple[Manner, Map], ...] = (
    ("scaled", _elementwise),
    ("by channel", _image),
    ("pool", _image),
    ("norm", _along),
    ("joined", _along),
    ("order free", _reduce),
)
"""Maps of operators that have none of their own; the first that holds."""

for _kinds, _map in (
    ("Expand", _elementwise),
    ("AffineGrid Col2Im DepthToSpace LRN Resize SpaceToDepth", _image),
    ("BatchNormalization", _batch_norm),
    ("GridSample DeformConv", _first_axis),
    ("Transpose", _transpose),
    ("CumSum Slice Split TopK", _along),
    ("Gather", _gather),
    ("Pad", _pad),
    ("Tile", _tile),
    ("MatMul", _matmul),
    ("Gemm", _gemm),
    ("LSTM GRU RNN", _recurrent),
):
    declare(*_kinds.split(), lane=_map)

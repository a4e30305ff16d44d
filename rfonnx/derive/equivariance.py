"""By which shifts of an input does an output follow, and which constants keep it from doing so?

Every tensor gets its `Moves` from those that it reads. That is proven by two things: the access steps are regular (`shifts`),
and the operator does the same at every position, which is known of the operators listed here and of no other.
Statistics and attention over a whole axis do not care for order: they are unchanged while what moves stays inside the image,
before a uniform background. Matrix products that weigh positions by constants do care.
"""

from __future__ import annotations

import math
from fractions import Fraction

from rfonnx.access.lower import Program, Tensor
from rfonnx.access.rules.elementwise import BINARY, NUMPY_BROADCAST, UNARY, VARIADIC
from rfonnx.access.rules.matmul import einsum_labels
from rfonnx.derive.positional import Positional
from rfonnx.derive.shifts import ALIKE, Moves, at_rest, joined, of_input, walk
from rfonnx.graph.model import Graph, Node

ELEMENTWISE = {*UNARY, *BINARY, *VARIADIC, *NUMPY_BROADCAST, "Mul", "Where", "PRelu", "Dropout", "CastLike"}
"""Operators whose constant operands line up with the output as numpy broadcasts."""

NORMS = {
    *("Softmax", "LogSoftmax", "Hardmax", "LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"),
    *("LpNormalization", "MeanVarianceNormalization", "InstanceNormalization", "GroupNormalization"),
    *("BatchNormalization", "DynamicQuantizeLinear"),
}
"""Operators whose first output is its first input, position by position, changed by statistics that do not care for order."""

ORDER_FREE = {
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"),
    *("ReduceSum", "ReduceSumSquare", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
    *("MaxPool", "AveragePool", "LpPool"),
}
"""Operators that take positions together whatever their order."""

PRODUCTS = {"MatMul", "Gemm", "Einsum"}

BY_CHANNEL = {
    *("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "com.microsoft.FusedConv"),
    *("InstanceNormalization", "GroupNormalization", "BatchNormalization"),
}
"""Operators with a weight of its own for each position of axis 1."""

REGULAR = {
    *("MaxPool", "AveragePool", "LpPool", "LRN", "Pad", "Resize", "Upsample", "CenterCropPad", "Col2Im"),
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Expand", "Tile", "DepthToSpace", "SpaceToDepth"),
    *("Slice", "Split", "Concat", "Gather"),
}
"""Operators that do the same wherever their access is regular."""

SCALED = {"QuantizeLinear", "DequantizeLinear"}
"""Operators with a scale of its own, when they have several, for each position of `axis`."""

KNOWN = ELEMENTWISE | NORMS | ORDER_FREE | PRODUCTS | BY_CHANNEL | SCALED | REGULAR


class Shifts:
    """Moves of every tensor when one axis of one input is shifted, and the positional constants met on the way."""

    def __init__(self, graph: Graph, program: Program) -> None:
        self._graph = graph
        self._tensors = program.tensors
        self._shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
        names = [name for name, _ in program.inputs] + [tensor.name for tensor in program.tensors]
        self._index = {name: i for i, name in enumerate(names)}
        self._inputs = len(program.inputs)
        self.positional = Positional(graph)

    def of(self, input: str, axis: int) -> dict[str, Moves | None]:
        """Moves of each output; None when it does not depend on the input."""
        found: list[Moves | None] = [None] * self._inputs
        found[self._index[input]] = of_input(self._shapes[self._index[input]], axis)
        for tensor in self._tensors:
            found.append(self._of_tensor(tensor, found))
        return {name: found[self._index[name]] for name in self._graph.outputs if name in self._index}

    def _of_tensor(self, tensor: Tensor, found: list[Moves | None]) -> Moves | None:
        sources = [found[source] for source, _ in tensor.paths]
        if all(source is None for source in sources):
            return None
        if len(sources) == 1 and not tensor.paths[0][1] and tensor.kind in UNARY:
            return sources[0]  # most tensors of most models
        dependent, others, reduced = [], [], False
        for (source, steps), before in zip(tensor.paths, sources, strict=True):
            if before is None:
                others.append((source, walk(at_rest(self._shapes[source]), steps).moves))
            else:
                walked = walk(before, steps)
                dependent.append(walked.moves)
                reduced = reduced or walked.reduced
        result = joined(dependent, tensor.shape)
        for source, moves in others:
            with_it = joined([result, moves], tensor.shape)
            if with_it.broken and not result.broken:
                name = self._name(source)
                with_it = with_it._replace(broken=f"it meets '{name}', which does not move with it")
            result = with_it
        if not any(moving(source) for source in sources if source is not None):
            return result  # whatever the operator does to what stays as it is, that stays as it is
        return self._judged(tensor, result, reduced, found)

    def _judged(self, tensor: Tensor, result: Moves, reduced: bool, found: list[Moves | None]) -> Moves:
        """The moves, broken when the operator does not treat the positions that move alike."""
        node, kind = self._graph.nodes[tensor.node_index], tensor.kind
        if node.kind != kind or kind not in KNOWN:
            return result.broken_by(f"{kind} is not known to treat all positions alike")
        if reduced and (not tensor.exact or kind not in ORDER_FREE | NORMS | PRODUCTS):
            return result.broken_by(f"{kind} weighs positions differently")
        if "\0" in tensor.name:
            return result
        operands = [self._operand(name, found) for name in node.inputs]
        number = node.outputs.index(tensor.name)
        if kind in NORMS and number == 0:
            result = operands[0].broken_by(result.broken)
        if kind == "MaxPool" and number:
            return result.broken_by("MaxPool tells positions as numbers")
        if kind in PRODUCTS and not same_contraction(node, operands, len(tensor.shape)):
            return result.broken_by(f"{kind} weighs positions differently")
        if kind in BY_CHANNEL and len(operands[0].axes) > 1 and operands[0].flat(1):
            return result.broken_by(f"{kind} has weights by position of an axis that moves")
        if kind in SCALED and self._many(node.inputs[1]) and operands[0].flat(node.attrs["axis"]):
            return result.broken_by(f"{kind} has scales by position of an axis that moves")
        if kind in ELEMENTWISE | NORMS - BY_CHANNEL:
            return self.positional.met(node, tensor, result)
        return result

    def _operand(self, name: str, found: list[Moves | None]) -> Moves:
        moves = found[self._index[name]] if name in self._index else None
        shape = self._graph.shapes.get(name) or ()
        return at_rest(tuple(n or 1 for n in shape)) if moves is None else moves

    def _many(self, name: str) -> bool:
        """True when the tensor has more than one element."""
        return math.prod(n or 0 for n in self._graph.shapes.get(name) or ()) > 1

    def _name(self, source: int) -> str:
        name = self._graph.inputs[source] if source < self._inputs else self._tensors[source - self._inputs].name
        return name.split("\0")[0]


def moving(moves: Moves) -> bool:
    """True when the content moves along some axis."""
    return any(factor.move for axis in moves.axes for factor in axis)


def same_contraction(node: Node, operands: list[Moves], rank: int) -> bool:
    """True when what a product sums over moves alike in its operands, or does not move."""
    if node.kind == "Einsum":
        return _same_labels(node, operands, rank)
    a, b = operands[:2]
    along_a = len(a.axes) - 1 if not node.attrs.get("transA", 0) else 0
    along_b = max(len(b.axes) - 2, 0) if not node.attrs.get("transB", 0) else 1
    return _agree([(a, along_a), (b, along_b)])


def _same_labels(node: Node, operands: list[Moves], rank: int) -> bool:
    equation = str(node.attrs["equation"]).replace(" ", "")
    by_label: dict[str, list[tuple[Moves, int]]] = {}
    for term, operand in zip(equation.partition("->")[0].split(","), operands, strict=True):
        for axis, label in enumerate(einsum_labels(term, len(operand.axes))):
            by_label.setdefault(label, []).append((operand, axis))
    return all(_agree(places) for places in by_label.values())


def _agree(places: list[tuple[Moves, int]]) -> bool:
    """True when the content moves at one rate along all these axes, leaving out those along which it is alike."""
    rates = {Fraction(move, moves.period) for moves, axis in places if (move := moves.flat(axis)) is not ALIKE}
    return len(rates) <= 1

"""Which tensor is measured when none is named: the last one that has places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rfonnx.analysis.analysis import Analysis
from rfonnx.effective.place import Place
from rfonnx.effective.probing.equivariance import upstream
from rfonnx.effective.probing.standing import shared, standing_axes
from rfonnx.effective.probing.walking import known_shape, sample_axis, walk
from rfonnx.errors import QueryError
from rfonnx.gradients.reverse import reads
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import FLOATS
from rfonnx.operators.table import kinds
from rfonnx.results.fields import Shape

NORMALISED = kinds("normalises")
"""The sum of such a tensor's channels is (nearly) constant, and its gradient (nearly) zero."""

SPATIAL = kinds("maps")
"""Operators that work on maps of channels, rows and columns."""

RESIDUAL = ("Add", "Conv")
"""Operators that end the blocks of a network whose units all see the whole input."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The tensors that the first output is computed by, in topological order, and which of them have places.

    A tensor has places when it has an axis of more than one position along which what it sees moves, or which stands for places
    of the input (tokens keep their place through attention): a map pooled to one pixel has none, nor have classes. Where no
    convolution, pool or the like is at work on its shape, as on tokens, only those count that everything passes through: keys
    and values of attention look like tokens, but are a side road. A map that was flattened with its channels is passed over:
    no place of it can be told from a channel.

    Attributes:
        analysis, place: where they are looked for.
        output: the first output.
        names: tensors of floating-point numbers that see any of the input.
        maps: shapes that convolutions, pools and the like work on.
        trunk: see `bottlenecks`.
    """

    analysis: Analysis
    place: Place
    output: str
    names: list[str]
    maps: set[Shape]
    trunk: set[str]

    def has_places(self, name: str) -> bool:
        """Whether a tensor can be looked at place by place."""
        shape = known_shape(self.analysis, name)
        if name not in self.trunk and shape not in self.maps:
            return False
        axes = standing_axes(self.analysis, name, self.place)
        axes |= {a for a, p in enumerate(walk(self.analysis, name, self.place)) if p is not None and shape[a] > 1}
        channels = set(range(len(shape))) - axes - {sample_axis(self.analysis, name, self.place)}
        return bool(axes) and (bool(channels) or not shared(self.analysis, name, self.place))


def survey(graph: Graph, analysis: Analysis, place: Place, output: str = "") -> Survey:
    """Look at all tensors once that an output is computed by; "": the first one that depends on an input.

    Raises:
        QueryError: no output of the model depends on an input.
    """
    output = output or next((name for name in graph.outputs if name in analysis.tensors), "")
    if not output:
        raise QueryError(f"{analysis.model.name}: no output depends on an input", "name a tensor with --tensor")
    nodes, names = upstream(graph, output)
    seen = [name for name in names if name in analysis.tensors and _usable(analysis, name, place)]
    maps = {
        graph.shapes[name] for node in nodes if node.op_type in SPATIAL for name in (node.inputs[0], node.outputs[0])
    }
    trunk = bottlenecks(nodes, output, [name for name in names if _depends(analysis, name, place)])
    return Survey(analysis, place, output, seen, maps, trunk)


def default_tensor(found: Survey) -> str:
    """The last tensor that has places: the output of a U-Net, the last feature map of a classifier; else the output.

    Tensors whose channels are normalised are passed over: their sum says nothing.
    """
    last = (
        name
        for name in reversed(found.names)
        if found.analysis.tensors[name].op_type not in NORMALISED and found.has_places(name)
    )
    return next(last, found.output)


def growing(graph: Graph, found: Survey) -> list[str]:
    """Layers on the way to the default tensor, and that one.

    Those where the theoretical field is larger than ever before; and where a unit may see the whole input (behind attention
    or a gate), and so nothing grows, the ends of blocks that everything passes through.
    """
    tensors, place = found.analysis.tensors, found.place
    last = default_tensor(found)
    largest: tuple[Fraction | int, ...] = (1,) * len(place.axes)
    layers = []
    before = set(upstream(graph, last)[1])
    for name in (name for name in found.names if name in before):
        fields = [tensors[name].fields[place.input, axis] for axis in place.axes]
        sizes = tuple(field.size for field in fields)
        walks = any(field.tensor_axis is not None for field in fields)
        is_map = tensors[name].shape in found.maps
        if walks and (is_map or any(size < n for size, n in zip(sizes, place.lengths, strict=True))):
            listed = any(a > b for a, b in zip(sizes, largest, strict=True)) and (is_map or name in found.trunk)
        else:
            listed = tensors[name].op_type in RESIDUAL and name in found.trunk and found.has_places(name)
        if listed or name == last:
            largest = tuple(map(max, sizes, largest))
            layers.append(name)
    return layers


def bottlenecks(nodes: Sequence[Node], output: str, tensors: Sequence[str]) -> set[str]:
    """Of tensors (in topological order, with the inputs) those that every path from the first of them to the output passes.

    Such a tensor is the only one that is alive, made but not read for the last time, after the node that makes it.
    """
    counted = set(tensors)
    last = {name: index for index, node in enumerate(nodes) for name in reads(node)}
    last[output] = len(nodes)
    made = {name for node in nodes for name in node.outputs}
    alive = {name for name in tensors if name in last and name not in made}
    found = set()
    for index, node in enumerate(nodes):
        alive.update(name for name in node.outputs if name in counted and name in last)
        alive -= {name for name in reads(node) if last[name] == index}
        if len(alive) == 1:
            found |= alive
    return found


def _depends(analysis: Analysis, name: str, place: Place) -> bool:
    """Whether a tensor is the input that is looked at, or sees any of it."""
    tensor = analysis.tensors.get(name)
    return name == place.input if tensor is None else tensor.fields[place.input, place.axes[0]].kind != "none"


def _usable(analysis: Analysis, name: str, place: Place) -> bool:
    tensor = analysis.tensors[name]
    if tensor.fields[place.input, place.axes[0]].kind == "none":
        return False
    shape = tensor.shape
    known = shape is not None and None not in shape and len(shape) >= 2
    return known and tensor.dtype in FLOATS

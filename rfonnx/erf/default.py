"""Which tensor is measured when none is named: the last one that has places."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.analysis import Analysis
from rfonnx.erf.equivariance import upstream
from rfonnx.erf.place import Place
from rfonnx.erf.walking import proportional, walk
from rfonnx.errors import QueryError
from rfonnx.gradient.reverse import reads
from rfonnx.graph import Graph, Node

NORMALISED = ("LayerNormalization", "RMSNormalization", "Softmax", "LogSoftmax", "Normalize", "LpNormalization")
"""The sum of such a tensor's channels is (nearly) constant, and its gradient (nearly) zero."""

SPATIAL = (
    *("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"),
    *("BatchNormalization", "Resize", "DepthToSpace"),
)
"""Operators that work on maps of channels, rows and columns."""

FLOATS = ("float32", "float64", "float16", "bfloat16")


def default_tensor(graph: Graph, analysis: Analysis, place: Place) -> str:
    """The last tensor before the first output that has places: the output of a U-Net, the last feature map of a classifier.

    A tensor has places when it has the shape of one whose units slide over the input (tokens keep their place through
    attention), or the input's layout, and a convolution, pool or the like is at work on its shape. Of others, such as tokens,
    only those count that everything passes through: keys and values of attention look like tokens, but are a side road.
    Tensors whose channels are normalised are passed over: their sum says nothing.

    Raises:
        QueryError: no tensor of the model depends on the input.
    """
    output = next((name for name in graph.outputs if name in analysis.tensors), "")
    if not output:
        raise QueryError(f"{analysis.model.name}: no output depends on an input", "name a tensor with --tensor")
    nodes, names = upstream(graph, output)
    seen = [name for name in names if name in analysis.tensors and _usable(analysis, name, place)]
    sliding = {analysis.tensors[name].shape for name in seen if any(p is not None for p in walk(analysis, name, place))}
    maps = {
        graph.shapes[name] for node in nodes if node.op_type in SPATIAL for name in (node.inputs[0], node.outputs[0])
    }
    trunk = bottlenecks(nodes, output, [name for name in names if _depends(analysis, name, place)])
    for name in reversed(seen):
        shape = tuple(n or 0 for n in analysis.tensors[name].shape or ())
        if shape in sliding and (name in trunk or shape in maps):
            return name
        if shape in maps and proportional(shape, place):
            return name
    return output


def bottlenecks(nodes: Sequence[Node], output: str, tensors: Sequence[str]) -> set[str]:
    """Of tensors (in topological order, with the inputs) those that every path from the first of them to the output passes.

    Such a tensor is the only one that is alive, made but not read for the last time, after the node that makes it.
    """
    counted = set(tensors)
    last = {name: index for index, node in enumerate(nodes) for name in reads(node)}
    last[output] = len(nodes)
    alive = {name for name in tensors if name in last and not any(name in node.outputs for node in nodes)}
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
    return known and tensor.dtype in FLOATS and tensor.op_type not in NORMALISED

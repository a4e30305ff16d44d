"""Operands that hold indices or lengths: of which table, and along which axis. `rfonnx.model.id_range` asks for them."""

from __future__ import annotations

from collections.abc import Callable

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import element_count
from rfonnx.operators.table import declare

Table = tuple[str, int, int | None]
"""A tensor, the axis of it that is indexed, and the length there, None when it is not known."""


def _rows(data: int, axis: int | str = 0) -> Callable[[Graph, Node], Table | None]:
    """The table is an operand, indexed along one axis, or along that which an attribute says (0)."""

    def table(graph: Graph, node: Node) -> Table | None:
        return _table(graph, node.inputs[data], node.attrs.get(axis, 0) if isinstance(axis, str) else axis)

    return table


def _table(graph: Graph, name: str, axis: int) -> Table | None:
    shape = graph.shapes.get(name)
    if shape is None or not -len(shape) <= axis < len(shape):
        return None
    return name, axis % len(shape), shape[axis]


def _tuples(graph: Graph, node: Node) -> Table | None:
    """GatherND, ScatterND: the last axis of the indices holds one index per axis; the shortest of these binds all."""
    data, shape, given = node.inputs[0], graph.shapes.get(node.inputs[0]), graph.shapes.get(node.inputs[1])
    if shape is None or not given or not given[-1]:
        return None
    first = node.attrs.get("batch_dims", 0)
    lengths = [(length, axis) for axis, length in enumerate(shape[first : first + given[-1]], first) if length]
    return (data, min(lengths)[1], min(lengths)[0]) if lengths else None


def _flat(graph: Graph, node: Node) -> Table | None:
    """MaxUnpool: indices count the elements of its output."""
    count = element_count(graph.shapes.get(node.outputs[0]))
    return (node.outputs[0], 0, count) if count else None


def _first_written(graph: Graph, node: Node) -> Table | None:
    """TensorScatter: where a row of updates begins, so that its end still lies inside (a circular cache takes any)."""
    axis = node.attrs.get("axis", -2)
    cache, update = _table(graph, node.inputs[0], axis), _table(graph, node.inputs[1], axis)
    if cache is None or update is None or cache[2] is None or update[2] is None:
        return None
    room = cache[2] - (0 if node.attrs.get("mode", "linear") == "circular" else update[2] - 1)
    return cache[0], cache[1], room


_EMBED = {0: _rows(2), 1: _rows(4), 8: _rows(3)}

declare("Gather", "GatherElements", "ScatterElements", "Scatter", indexed={1: _rows(0, "axis")})
declare("GatherND", "ScatterND", "com.microsoft.GatherND", indexed={1: _tuples})
declare("TensorScatter", indexed={2: _first_written})
declare("MaxUnpool", indexed={1: _flat})
declare("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss", indexed={1: _rows(0, 1)})
declare("RotaryEmbedding", indexed={3: _rows(1)})
declare("com.microsoft.RotaryEmbedding", indexed={1: _rows(2)})
declare("com.microsoft.EmbedLayerNormalization", indexed=_EMBED)
declare("com.microsoft.QEmbedLayerNormalization", indexed={slot: _EMBED[slot] for slot in (0, 1)})
declare("ai.onnx.ml.ArrayFeatureExtractor", indexed={1: _rows(0, -1)})
declare("com.microsoft.GatherBlockQuantized", indexed={1: _rows(0, "gather_axis")})

declare("RNN", "GRU", "LSTM", lengths={4: (0, 0)})
declare("ReverseSequence", lengths={1: (0, "time_axis")})
declare("Attention", lengths={6: (1, -2)})

"""Statistics that a file repeats for each frame before it joins them with frames: one of them is joined with all as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto

from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import is_static
from rfonnx.operators.table import operator
from rfonnx.streaming.model import Source


def narrowed(source: Source) -> ModelProto:
    """The model without Expands that all who read them do themselves; what it makes is the same."""
    gone = set()
    for node in source.graph.nodes:
        if operator(node.kind).shaped_by != 1 or operator(node.kind).keeps or not node.inputs:
            continue
        (made,), read = node.outputs, node.inputs[0]
        if made in source.graph.constants or made in source.graph.outputs:
            continue
        graphs = [view.graph for view in source.views.values()]
        if all(_repeats(graph, index, made, read) for index in source.read_by.get(made, ()) for graph in graphs):
            gone.add(made)
    if not gone:
        return source.proto
    proto = ModelProto()
    proto.CopyFrom(source.proto)
    for one in proto.graph.node:
        if gone.intersection(one.output):
            one.op_type = "Identity"
            del one.input[1:], one.attribute[:]
    return proto


def _repeats(graph: Graph, index: int, wide: str, narrow: str) -> bool:
    """Whether a node makes as much of a narrow operand as of the wide one."""
    node = graph.nodes[index]
    shapes = [graph.shapes.get(narrow if name == wide else name) for name in node.inputs if name]
    return operator(node.kind).pointwise and _broadcast(shapes) == graph.shapes.get(node.outputs[0])


def _broadcast(shapes: Sequence[tuple[int | None, ...] | None]) -> tuple[int, ...] | None:
    known = [shape for shape in shapes if is_static(shape)]
    try:
        return np.broadcast_shapes(*known) if len(known) == len(shapes) else None
    except ValueError:
        return None

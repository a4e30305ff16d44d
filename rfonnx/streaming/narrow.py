"""Statistics that a file repeats for each frame before it joins them with frames: that joins one with all of them as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto

from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import is_static
from rfonnx.operators.table import operator
from rfonnx.streaming.model import Source
from rfonnx.streaming.taken import whole_shape


def narrowed(source: Source) -> ModelProto:
    """The model without Expands of what has no frames, where all that read them repeat it themselves.

    Args:
        source: looked at, at several lengths: what is as long as there are frames is told by that.
    """
    readers: dict[str, list[int]] = {}
    for index, node in enumerate(source.graph.nodes):
        for name in dict.fromkeys((*node.inputs, *node.attrs.get("captures", ()))):
            readers.setdefault(name, []).append(index)
    gone = set()
    for node in source.graph.nodes:
        if operator(node.kind).shaped_by != 1 or operator(node.kind).keeps or not node.inputs:
            continue
        (made,), read = node.outputs, node.inputs[0]
        if read in source.graph.constants or made in source.graph.outputs or whole_shape(source, made) is not None:
            continue
        if whole_shape(source, read) is not None and all(
            _repeats(view.graph, index, made, read) for index in readers.get(made, ()) for view in source.views.values()
        ):
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

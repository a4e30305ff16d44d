"""Norms of groups of channels that a file writes as norms of rows: a Reshape before, which lays frames and channels into one
another, and one behind."""

from __future__ import annotations

import math

from onnx import ModelProto, NodeProto, helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.table import operator
from rfonnx.streaming.model import Source


def laid_in_rows(source: Source) -> dict[str, tuple[Node, Node, Node]]:
    """Such norms by their outputs: the Reshape of (N, C, ...) to (N, G, C/G * ...), the norm, and the Reshape back."""
    graph = source.graph
    found = {}
    for node in graph.nodes:
        before = source.made_by.get(node.inputs[0]) if node.inputs else None
        behind = [graph.nodes[index] for index in source.read_by.get(node.outputs[0], ())]
        norm = operator(node.kind).norm
        if norm is None or not norm.by_channel or norm.groups or before is None or len(behind) != 1:
            continue
        rows, whole = graph.shapes.get(node.inputs[0]), graph.shapes.get(before.inputs[0] if before.inputs else "")
        pair = {before.op_type, behind[0].op_type} == {"Reshape"} and len(source.read_by[node.inputs[0]]) == 1
        if not pair or node.outputs[0] in graph.outputs or not (is_static(rows) and is_static(whole)):
            continue
        back = graph.shapes.get(behind[0].outputs[0])
        if back == whole and len(rows) == 3 and len(whole) > 2 and rows[0] == whole[0] and _groups(rows, whole):
            found[node.outputs[0]] = before, node, behind[0]
    return found


def _groups(rows: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether rows hold whole channels, several of them: frames stay apart from channels where there is one alone."""
    return 0 < rows[1] < whole[1] and whole[1] % rows[1] == 0 and rows[2] * rows[1] == math.prod(whole[1:])


def kept_apart(source: Source) -> ModelProto:
    """The model in which the rows of such norms keep their axes: (N, G, C/G, ...). All its tensors have the numbers that they
    had."""
    graph, given = source.graph, source.proto
    found = laid_in_rows(source)
    if not found:
        return given
    proto = ModelProto()
    proto.CopyFrom(given)
    taken = {name for node in given.graph.node for name in (*node.input, *node.output)}
    emit = Emitter(graph.opsets[""], taken | {tensor.name for tensor in given.graph.initializer}, "groups/")
    inner = {nodes[0].outputs[0]: nodes for nodes in found.values()} | {
        nodes[2].outputs[0]: nodes for nodes in found.values()
    }
    del proto.graph.node[:]
    for node in given.graph.node:
        nodes = inner.get(node.output[0]) if node.output else None
        if nodes is None:
            proto.graph.node.add().CopyFrom(node)
            continue
        first = len(emit.nodes)
        whole = nodes[0].inputs[0]
        shape = emit.shape_of(Value(emit, whole, graph.dtypes[whole]))
        if node.output[0] == nodes[0].outputs[0]:
            _, groups, _ = graph.shapes[node.output[0]] or (0, 0, 0)
            shape = emit.concat([emit.ints([0, groups or 0, -1]), shape.slice(0, 2, 2**31)], 0)
        proto.graph.node.extend(emit.nodes[first:])
        proto.graph.node.append(_reshape(node, shape))
    proto.graph.initializer.extend(emit.constants)
    return proto


def _reshape(node: NodeProto, shape: Value) -> NodeProto:
    return helper.make_node("Reshape", [node.input[0], shape.name], list(node.output), node.name)

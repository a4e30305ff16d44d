"""onnxruntime's fused and quantised operators as the standard ones that they stand for, before anything else is done.

Quantised arithmetic becomes arithmetic on dequantised numbers, quantised again at the end: onnxruntime computes it the same way
up to the last rounding, and the gradient passes straight through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from onnx import ModelProto, NodeProto

from rfonnx.gradient.decompose import fused, quantized  # noqa: F401  # register their functions
from rfonnx.gradient.decompose.writer import BODIES, Kept, Writer
from rfonnx.graph.order import reads


def decompose(model: ModelProto) -> None:
    """Replace every such node of the main graph, in place."""
    graph = model.graph
    if not any(_kind(node) in BODIES for node in graph.node):
        return
    nodes = list(_written(list(graph.node), {o.name for o in graph.output}, graph.initializer))
    graph.ClearField("node")
    graph.node.extend(nodes)


def decomposed() -> set[str]:
    """Kinds that `decompose` replaces."""
    return set(BODIES)


def _kind(node: NodeProto) -> str:
    return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


def _written(nodes: Sequence[NodeProto], outputs: set[str], constants: Any) -> Iterable[NodeProto]:
    quantised = {}
    for node in nodes:
        if node.op_type == "DynamicQuantizeLinear":
            quantised[node.output[0]] = node.output[1:]
        elif node.op_type == "QuantizeLinear":
            quantised[node.output[0]] = node.input[1:]
    other = {name for node in nodes if node.op_type != "Cast" for name in reads(node)} | outputs
    for number, node in enumerate(nodes):
        write = BODIES.get(_kind(node))
        if write is None:
            yield node
            continue
        writer = Writer(node, number, quantised, not other.intersection(node.output))
        try:
            write(writer)
        except Kept:
            yield node
            continue
        constants.extend(writer.constants)
        yield from writer.nodes

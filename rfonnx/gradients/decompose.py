"""onnxruntime's fused, blocked and quantised operators as the standard ones that they stand for, before the reverse walk.

Quantised arithmetic becomes arithmetic on dequantised numbers, quantised again at the end: onnxruntime computes it the same way
up to the last rounding, and the gradient passes straight through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from rfonnx.errors import RfonnxError
from rfonnx.graph.blocks import NCHWC
from rfonnx.graph.nodes import Node
from rfonnx.graph.order import reads
from rfonnx.graph.tensors import DTYPES, Types
from rfonnx.model import runtime
from rfonnx.model.reading.convert import attribute_value, kind_of
from rfonnx.operators.bodies.writer import Body, Kept, Writer
from rfonnx.operators.bodies.written import to_proto
from rfonnx.operators.table import operator, operators


def decomposable(model: ModelProto) -> bool:
    """Whether the main graph has such a node."""
    return any(_body_of(node) for node in model.graph.node)


def decompose(model: ModelProto, types: Types) -> None:
    """Replace every such node of the main graph, in place.

    Args:
        model: the model.
        types: of what its nodes make, and of its inputs.
    """
    graph = model.graph
    stored: Types = {t.name: (DTYPES.get(t.data_type, ""), t.data_type, tuple(t.dims)) for t in graph.initializer}
    nodes = list(_written(list(graph.node), {o.name for o in graph.output}, graph.initializer, {**types, **stored}))
    graph.ClearField("node")
    graph.node.extend(nodes)
    graph.ClearField("value_info")  # what was counted in integers is a real number now


def decomposed() -> set[str]:
    """Kinds that `decompose` replaces."""
    return {row.kind for row in operators() if row.left_to_body("gradient")}


def _body_of(node: NodeProto) -> Body | None:
    """The body of a node; None where it is stated that it is not differentiated: onnxruntime has many for other devices alone."""
    row = operator(kind_of(node))
    return row.body if row.left_to_body("gradient") else None


def _written(nodes: Sequence[NodeProto], outputs: set[str], constants: Any, types: Types) -> Iterable[NodeProto]:
    quantised = {}
    for node in nodes:
        if node.op_type == "DynamicQuantizeLinear":
            quantised[node.output[0]] = node.output[1:]
        elif node.op_type == "QuantizeLinear":
            quantised[node.output[0]] = node.input[1:]
    other = {name for node in nodes if node.op_type != "Cast" for name in reads(node)} | outputs
    for number, node in enumerate(nodes):
        write = _body_of(node)
        if write is None:
            yield node
            continue
        attrs = {a.name: attribute_value(a) for a in node.attribute}
        plain = Node(node.op_type, node.domain, node.name, tuple(node.input), tuple(node.output), attrs, 1)
        only_cast = not other.intersection(node.output)
        writer = Writer(plain, f"decomposed/{number}/", types, block, quantised, only_cast)
        try:
            write(writer)
        except Kept:
            yield node
            continue
        constants.extend(numpy_helper.from_array(value, name) for name, value in writer.constants.items())
        yield from map(to_proto, writer.nodes)


@cache
def block() -> int:
    """Channels per block, which onnxruntime chooses by the processor: where it puts the second position of the first channel; 0
    where it has no blocks."""
    channels = 64
    shape = (1, channels, 1, 2)
    node = helper.make_node("ReorderOutput", ["x"], ["y"], domain=NCHWC, channels=channels)
    ends = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y"))
    graph = helper.make_graph([node], "blocks", [next(ends)], [next(ends)])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(NCHWC, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    try:
        session = runtime.open_session(model)
        (y,) = runtime.run(session, None, {"x": np.arange(2 * channels, dtype=np.float32).reshape(shape)})
    except RfonnxError:
        return 0
    return int(y[0, 0, 0, 1])

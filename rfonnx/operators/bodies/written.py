"""A node as the standard operators that it is written with: the shapes of what it makes, what it reads and what it costs follow
from theirs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import NodeProto, TypeProto, helper, numpy_helper, shape_inference

from rfonnx.errors import MISFIT
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.temporaries import temporary_name
from rfonnx.graph.tensors import ELEMENT_TYPES, Tensors, element_type, tensor_type
from rfonnx.operators.bodies.writer import BODY_OPSET, Kept, Writer
from rfonnx.operators.evaluator import run_node
from rfonnx.operators.schemas import amended, schema_of
from rfonnx.operators.shaping import Constants, ShapeCall
from rfonnx.operators.spelling import canonicalize
from rfonnx.operators.table import operator


def written(node: Node, graph: Graph) -> Graph:
    """The nodes that a node is written with, in their one spelling, and the types of all that they make.

    Args:
        node: a node that has a body.
        graph: the graph that it is in, which knows the shapes of all its inputs and outputs.

    Raises:
        Kept: its body is not written for these inputs.
        ModelError: attributes are not those of the operator.
    """

    def given(name: str) -> TypeProto:
        return tensor_type(ELEMENT_TYPES.get(graph.dtypes.get(name, ""), 0), graph.shapes.get(name))

    tensors = Tensors()
    for name in filter(None, node.inputs):
        tensors.set(name, given(name))
    out = graph.shapes.get(node.outputs[0]) or ()
    # Where channels are filled up to whole blocks, all that come out may as well be one.
    writer = _write(node, tensors, lambda: (out[1] or 0) if len(out) > 1 else 0)
    values = _Values(writer.constants, graph)
    shapes, dtypes = graph.shapes | tensors.shapes, graph.dtypes | tensors.dtypes
    inner = Graph(
        graph.name, graph.inputs, graph.outputs, [], shapes, dtypes, values.names, values.evaluate,
        graph.warnings, graph.opsets,
    )  # fmt: skip
    for raw in writer.nodes:
        _record(raw, tensors, values)
        for name in filter(None, raw.outputs):
            if name in node.outputs:
                tensors.set(name, given(name))
            inner.shapes[name], inner.dtypes[name] = tensors.shapes[name], tensors.dtypes[name]
        inner.nodes.append(canonicalize(raw, inner))
    return inner


def infer(node: Node, tensors: Tensors, constants: Constants) -> dict[int, TypeProto]:
    """Types of a node's outputs by output index; empty when there is neither rule nor body, or the inputs do not fit it."""
    row = operator(node.kind)
    rule = _by_body if row.left_to_body("shapes") else row.shapes
    if rule is None or isinstance(rule, str):
        return {}
    try:
        found = rule(ShapeCall(node, tensors, constants))
    except (*MISFIT, shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError, Kept):
        # The operator may have changed since the rule was written: unknown is better than refused.
        return {}
    return dict(enumerate(found))


def to_proto(node: Node) -> NodeProto:
    """The node of a body as onnx has it."""
    return helper.make_node(node.op_type, node.inputs, node.outputs, name=node.name, **node.attrs)


def _by_body(call: ShapeCall) -> list[TypeProto]:
    """What inference makes of the standard operators that the node is written with.

    Raises:
        Kept: its body is not written for these inputs.
    """
    tensors = Tensors()
    for name in filter(None, call.node.inputs):
        tensors.set(name, call.tensors.types[name])
    writer = _write(call.node, tensors, lambda: call.tensors.block)
    values = _Values(writer.constants)
    for raw in writer.nodes:
        _record(raw, tensors, values)
    return [tensors.types.get(name, TypeProto()) for name in call.node.outputs]


def _write(node: Node, tensors: Tensors, block: Callable[[], int]) -> Writer:
    types = {name: (tensors.dtypes[name], tensors.elem(name), tensors.shapes[name]) for name in node.inputs if name}
    made = next(name for name in node.outputs if name)
    writer = Writer(node, temporary_name(made, 0) + "/", types, block)
    body = operator(node.kind).body
    assert body is not None
    body(writer)
    for name, value in writer.constants.items():
        tensors.set_tensor(name, element_type(value.dtype), value.shape)
    return writer


def _record(node: Node, tensors: Tensors, values: _Values) -> None:
    """Take up the types of what a node of a body makes, and that it is constant where all that it reads is."""
    schema = schema_of(node.op_type, BODY_OPSET, "")
    if schema is None or amended(node):
        found = dict(infer(node, tensors, values))
        made = {name: found.get(index, TypeProto()) for index, name in enumerate(node.outputs)}
    else:
        types = {name: tensors.types[name] for name in node.inputs if name}
        data = {name: numpy_helper.from_array(values.own[name]) for name in node.inputs if name in values.own}
        try:
            made = shape_inference.infer_node_outputs(schema, to_proto(node), types, data)
        except (shape_inference.InferenceError, onnx.checker.ValidationError):
            made = {}
    for name in filter(None, node.outputs):
        tensors.set(name, made.get(name, TypeProto()))
    values.record(node)


class _Values:
    """Constants of a body: those that it brings, those of the graph around it, and what is made of both."""

    def __init__(self, own: dict[str, np.ndarray], graph: Graph | None = None) -> None:
        self.own = own
        self.names = set(own) if graph is None else graph.constants | own.keys()
        self._graph = graph
        self._makers: dict[str, Node] = {}
        self._made: dict[str, np.ndarray | None] = {}

    def record(self, node: Node) -> None:
        """A node of the body, which may read constants alone."""
        if all(name in self.names for name in node.inputs if name):
            self.names.update(node.outputs)
            self._makers.update(dict.fromkeys(node.outputs, node))

    def evaluate(self, name: str) -> np.ndarray | None:
        """Value of a constant, or None when its data cannot be had."""
        if name in self.own:
            return self.own[name]
        if name not in self._makers:
            return self._graph.value(name) if self._graph is not None else None
        if name not in self._made:
            node = self._makers[name]
            operands = [self.evaluate(name) if name else None for name in node.inputs]
            known = all(value is not None or not name for name, value in zip(node.inputs, operands, strict=True))
            results = run_node(to_proto(node), {"": BODY_OPSET}, operands) if known else [None] * len(node.outputs)
            self._made.update(zip(node.outputs, results, strict=True))
        return self._made[name]

"""Which tensors are constant: they depend on no input, or on nothing but the known shape of one."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, numpy_helper

from rfonnx.errors import misexported
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import Tensors, element_count, element_type, is_static
from rfonnx.model.building.fold import Constants, constant_array
from rfonnx.model.building.scope import Placed
from rfonnx.operators import shape_arithmetic as partial
from rfonnx.operators.table import operator


def add_constant_node(proto: NodeProto, node: Node, tensors: Tensors, constants: Constants) -> None:
    """Record the value of a Constant node.

    Raises:
        ModelError: it has another number of outputs than one, or no value.
    """
    if len(node.outputs) != 1:
        raise misexported(f"{node} has {len(node.outputs)} outputs, expected 1")
    name = node.outputs[0]
    if not name:
        return
    for attribute in proto.attribute:
        if attribute.name == "value":
            constants.add_tensor(name, attribute.t)
            return
        if attribute.name == "sparse_value":
            tensors.set_tensor(name, attribute.sparse_tensor.values.data_type, tuple(attribute.sparse_tensor.dims))
            constants.add_unknown(name)
            return
    value = constant_array(name, next((v for k, v in node.attrs.items() if k.startswith("value")), None))
    elem = element_type(value.dtype)
    tensors.set_tensor(name, elem, value.shape)
    constants.add_value(name, value)


def note_constants(placed: Placed, captured: list[str], tensors: Tensors, constants: Constants) -> None:
    """Constant is what reads constants alone, and what reads only a shape that is known."""
    node, names = placed.node, constants.names
    kind = node.op_type
    row = operator(kind)
    if row.shape_only and not node.domain and node.inputs and node.inputs[0]:
        shape = tensors.shapes[node.inputs[0]]
        if kind == "Shape" and shape is not None:
            _add_partial(node, partial.of_shape(shape, node), tensors, constants)
            return
        if not is_static(shape):
            return
        if kind == "Size":
            constants.add_value(node.outputs[0], np.array(element_count(shape), np.int64))
            return
        constant = names.issuperset(filter(None, node.inputs[1:]))
    else:
        constant = names.issuperset(filter(None, (*node.inputs, *captured)))
    if constant:
        constants.add_call(placed)
        if row.sized_by_values:
            _settle_by_value(node, tensors, constants)
    elif constants.partial:
        _propagate_partial(node, tensors, constants)


def _add_partial(node: Node, value: np.ndarray, tensors: Tensors, constants: Constants) -> None:
    """Record a value of which at least the length is known."""
    name = node.outputs[0]
    whole = partial.known(value, tensors.dtypes[name] or "int64")
    if whole is None:
        constants.partial[name] = value
    else:
        constants.add_value(name, whole)


def _propagate_partial(node: Node, tensors: Tensors, constants: Constants) -> None:
    """Shape arithmetic on partly known values."""
    if not any(name in constants.partial for name in node.inputs):
        return
    operands: list[np.ndarray | None] = []
    for name in node.inputs:
        value = constants.partial.get(name)
        if value is None and name:
            proto = constants.passed(name) if name in constants.names else None
            if proto is None:
                return
            value = numpy_helper.to_array(proto)
        operands.append(value)
    result = partial.propagate(node, operands, tensors.shapes[node.outputs[0]])
    if result is not None:
        _add_partial(node, result, tensors, constants)


def _settle_by_value(node: Node, tensors: Tensors, constants: Constants) -> None:
    for name in node.outputs:
        value = constants.evaluate(name) if name else None
        if value is not None:
            tensors.set_tensor(name, tensors.elem(name), value.shape)

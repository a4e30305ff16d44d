"""Types and shapes of one node's outputs: onnx's own inference, fed with the constants that it wants to see."""

from __future__ import annotations

from functools import cache

import onnx
from onnx import NodeProto, TensorProto, TypeProto, numpy_helper, shape_inference

from rfonnx.errors import ShapeError
from rfonnx.graph.fold import Constants
from rfonnx.graph.model import Node
from rfonnx.graph.scope import Scope
from rfonnx.graph.tensors import Tensors, is_static, tensor_type
from rfonnx.graph.text import one_line

_INTEGERS = (TensorProto.INT64, TensorProto.INT32)
_FLOAT_VALUES = {"Resize": (1, 2), "Upsample": (1,), "Range": (0, 1, 2)}
"""Inputs of floats whose values decide a shape. Small integer inputs are always shown to the inference."""


@cache
def schema_of(op_type: str, version: int, domain: str) -> onnx.defs.OpSchema | None:
    """The schema of an operator in an opset, or None when onnx does not know it."""
    try:
        return onnx.defs.get_schema(op_type, version, domain)
    except onnx.defs.SchemaError:
        return None


def infer_node(
    proto: NodeProto, node: Node, scope: Scope, tensors: Tensors, constants: Constants
) -> dict[int, TypeProto]:
    """Types of a node's outputs by output index, as far as they can be told from its inputs.

    Raises:
        ShapeError: the inputs' shapes do not go together.
    """
    schema = schema_of(node.op_type, node.version, node.domain)
    if schema is None:
        from rfonnx.graph.contrib_ops import infer as infer_contrib  # most models need none of it

        return infer_contrib(node, tensors, constants)
    types = {local: tensors.types[name] for local, name in zip(proto.input, node.inputs, strict=True) if name}
    data = passed_values(proto, node, tensors, constants)
    if node.op_type == "Range":
        _as_scalars(types, data)
    try:
        found = shape_inference.infer_node_outputs(schema, proto, types, data, opset_imports=scope.imports)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        # What is static and does not fit is the user's error; with unknown types the inference may fail by itself.
        if all(is_static(tensors.shapes[name]) and tensors.elem(name) for name in node.inputs if name):
            raise ShapeError(
                f"{node}: its inputs do not fit: {reason(error)}",
                "check the given shapes, and the file with onnx.checker",
            ) from None
        return {}
    return {index: found[local] for index, local in enumerate(proto.output) if local in found}


def passed_values(proto: NodeProto, node: Node, tensors: Tensors, constants: Constants) -> dict[str, TensorProto]:
    """Values of the inputs that shapes may depend on, by local name."""
    data: dict[str, TensorProto] = {}
    for index, name in enumerate(node.inputs):
        if name in constants.names:
            wanted = tensors.elem(name) in _INTEGERS or index in _FLOAT_VALUES.get(node.op_type, ())
            value = constants.passed(name) if wanted else None
            if value is not None:
                data[proto.input[index]] = value
    return data


def _as_scalars(types: dict[str, TypeProto], data: dict[str, TensorProto]) -> None:
    """JAX exporters give Range limits of shape (1,): the specification wants scalars, every runtime takes both."""
    for local, proto in types.items():
        types[local] = tensor_type(proto.tensor_type.elem_type, ())
        if local in data:
            data[local] = numpy_helper.from_array(numpy_helper.to_array(data[local]).reshape(()))


def reason(error: Exception) -> str:
    """onnx's own words, on one line and without their tag."""
    text = str(error).split("\n==>", 1)[0]
    for tag in ("[ShapeInferenceError]", "[TypeInferenceError]"):
        text = text.replace(tag, "")
    return one_line(" ".join(text.split()))[:300]

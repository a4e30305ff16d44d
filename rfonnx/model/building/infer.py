"""Types and shapes of one node's outputs: onnx's own inference, fed with the constants that it wants to see."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, TypeProto, shape_inference

from rfonnx.errors import MISFIT, MisfitError, malformed
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import MAX_AXES, Tensors, element_type, is_static, tensor_type
from rfonnx.graph.text import one_line
from rfonnx.model.building.alike import Alike
from rfonnx.model.building.fold import Constants
from rfonnx.model.building.guards import guard
from rfonnx.model.building.scope import Scope
from rfonnx.operators import shape_arithmetic as partial
from rfonnx.operators.access.op import Unproven
from rfonnx.operators.bodies.written import infer as infer_by_rule
from rfonnx.operators.misfits import FitCall, broadcasts
from rfonnx.operators.schemas import amended, schema_of, stands_in
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape

_INTEGERS = ("int64", "int32")
_ALWAYS_TAKEN = {int(TensorProto.FLOAT), int(TensorProto.FLOAT16), int(TensorProto.DOUBLE)}
"""Element types that operators on numbers have taken since opset 1."""


def infer_node(
    proto: NodeProto, node: Node, alike: Alike | None, scope: Scope, tensors: Tensors, constants: Constants
) -> dict[int, TypeProto]:
    """Types of a node's outputs by output index, as far as they can be told from its inputs.

    Args:
        proto, node: of the file, and as the graph has it.
        alike: those that it is one of; None: nobody knows.
        scope: that the node stands in.
        tensors, constants: what is known so far.

    Raises:
        ModelError: an attribute has the wrong type.
        MisfitError: the inputs' shapes do not go together.
    """
    if alike is not None and alike.made is not None and not _in_part(node, constants):
        return alike.made
    if node.kind == "ConstantOfShape" or (constants.partial and node.kind in ("Reshape", "Expand")):
        found = _by_shape_operand(node, tensors, constants)
        if found is not None:
            return {0: found}
    schema = schema_of(node.op_type, node.version, node.domain)
    if schema is None or amended(node):
        if schema is not None:
            check_attributes(proto, schema, node)
        return infer_by_rule(node, tensors, constants)
    outputs = _as_first(node, tensors) or _asked(schema, proto, node, scope, tensors, constants)
    if outputs and alike is not None and not _by_values(node, tensors, constants):
        alike.made = outputs
    return outputs


def _as_first(node: Node, tensors: Tensors) -> dict[int, TypeProto] | None:
    """The type of what differs from the node's first input in values alone, which takes no inference; None of other nodes."""
    count = operator(node.kind).as_first
    if not count or len(node.inputs) != count or node.attrs or len(node.outputs) != 1 or "" in node.inputs:
        return None
    kind, *others = [tensors.types[name] for name in node.inputs]
    elem, shape = tensors.told(kind) or (0, None)
    if elem not in _ALWAYS_TAKEN or not is_static(shape):
        return None
    for other in others:
        told = tensors.told(other)
        if told is None or told[0] != elem or (told[1] != shape and not broadcasts(told[1], shape)):
            return None
    return {0: kind}


def _asked(
    schema: onnx.defs.OpSchema, proto: NodeProto, node: Node, scope: Scope, tensors: Tensors, constants: Constants
) -> dict[int, TypeProto]:
    """Types of a node's outputs as onnx infers them from what it reads, values among it."""
    guard(node, tensors)
    data = passed_values(proto, node, tensors, constants)
    try:
        try:
            return _inferred(schema, proto, node, data, scope, tensors)
        except onnx.checker.ValidationError:
            check_attributes(proto, schema, node)
            return _inferred(schema, without_unknown(proto, schema), node, data, scope, tensors)
    except (shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        # What is static and does not fit is the user's error; with unknown types the inference may fail by itself, and a
        # branch or a loop's body may never be run with these shapes.
        known = all(is_static(tensors.shapes[name]) and tensors.elem(name) for name in node.inputs if name)
        if known and not scope.depth and not stands_in(schema, node.op_type, node.version):
            raise _misfit(node, reason(error), tensors) from None
        return {}


def _by_values(node: Node, tensors: Tensors, constants: Constants) -> bool:
    """Whether the types of a node's outputs may depend on values that it reads."""
    passed = (name in constants.names and _is_passed(node, index, tensors) for index, name in enumerate(node.inputs))
    return any(passed) or _in_part(node, constants)


def _in_part(node: Node, constants: Constants) -> bool:
    """Whether a node reads a value that is known in part."""
    return bool(constants.partial) and not constants.partial.keys().isdisjoint(node.inputs)


def check_fit(node: Node, tensors: Tensors) -> None:
    """Refuse shapes that onnx's inference lets pass, and no runtime takes.

    Raises:
        MisfitError: all shapes that the node reads are known, and do not go together.
    """
    check = operator(node.kind).misfit
    if check is None:
        return
    read = tuple([known(tensors.shapes[name]) if name else None for name in node.inputs])
    if any(name and shape is None for name, shape in zip(node.inputs, read, strict=True)):
        return
    made = tuple([known(tensors.shapes[name]) if name else None for name in node.outputs])
    try:
        wrong = check(FitCall(node, read, made))
    except (*MISFIT, Unproven):  # attributes that are not the operator's: whoever reads them says so
        return
    if wrong:
        raise _misfit(node, wrong, tensors)


def known(shape: Shape) -> tuple[int, ...] | None:
    """The shape, where all of it is known."""
    return shape if is_static(shape) else None


def _misfit(node: Node, wrong: str, tensors: Tensors) -> MisfitError:
    return MisfitError(
        f"{node}: its inputs do not fit: {wrong}",
        "check the given shapes, and the file with onnx.checker",
        next((name for name in node.outputs if name), ""),
        {name: tensors.shapes[name] for name in node.inputs if name},
    )


def _inferred(
    schema: onnx.defs.OpSchema,
    proto: NodeProto,
    node: Node,
    data: dict[str, TensorProto],
    scope: Scope,
    tensors: Tensors,
) -> dict[int, TypeProto]:
    """Types by output index, as onnx infers them. Equal types of tensors are one object."""
    types = {local: tensors.types[name] for local, name in zip(proto.input[:], node.inputs, strict=True) if name}
    made = shape_inference.infer_node_outputs(schema, proto, types, data, opset_imports=scope.imports)
    static = all(is_static(tensors.shapes[name]) for name in node.inputs if name)
    found = {}
    for index, local in enumerate(proto.output[:]):
        if local in made:
            told = tensors.told(made[local])
            found[index] = (
                made[local] if told is None else tensors.typed(told[0], told[1] if static else opened(told[1]))
            )
    return found


def opened(shape: Shape) -> Shape:
    """The shape with lengths of 0 left open: where an input's length is open, the inference of Attention calculates with 0."""
    return None if shape is None else tuple([n or None for n in shape])


def without_unknown(proto: NodeProto, schema: onnx.defs.OpSchema) -> NodeProto:
    """The node without attributes that its schema does not know: old exporters left some behind, and runtimes ignore them."""
    clean = NodeProto()
    clean.CopyFrom(proto)
    del clean.attribute[:]
    clean.attribute.extend(a for a in proto.attribute if a.name in schema.attributes)
    return clean


def check_attributes(proto: NodeProto, schema: onnx.defs.OpSchema, node: Node) -> None:
    """Refuse attributes of another type than the operator's.

    Raises:
        ModelError: there is one.
    """
    for attribute in proto.attribute:
        known = schema.attributes.get(attribute.name)
        if known is None:
            continue
        expected, came = str(known.type).rpartition(".")[2], onnx.AttributeProto.AttributeType.Name(attribute.type)
        if came != expected:
            raise malformed(f"{node}: attribute '{attribute.name}' must be of type {expected}, but is {came}")


def _by_shape_operand(node: Node, tensors: Tensors, constants: Constants) -> TypeProto | None:
    """The type of a tensor whose shape is an operand: of which only a part is known, or that of weights that are one number."""
    if node.op_type == "ConstantOfShape":
        return _filled(node, tensors, constants)
    target = constants.partial.get(node.inputs[1]) if len(node.inputs) > 1 else None
    if target is None:
        return None
    shape = tensors.shapes[node.inputs[0]]
    if node.op_type == "Reshape":
        shape = partial.reshape(shape, target, bool(node.attrs.get("allowzero", 0)))
    else:
        shape = partial.broadcast(shape, target)
    return tensor_type(tensors.elem(node.inputs[0]), shape)


_ZERO = np.zeros(1, np.float32)


def _filled(node: Node, tensors: Tensors, constants: Constants) -> TypeProto | None:
    """The type of a ConstantOfShape; None where its operands are of no use here."""
    attrs, name = node.attrs, node.inputs[0] if node.inputs else ""
    value = attrs.get("value", _ZERO)
    if not isinstance(value, np.ndarray) or not attrs.keys() <= {"value"}:
        return None
    in_part = constants.partial.get(name)
    shape = constants.whole(name) if in_part is None else tuple(in_part.tolist())
    if shape is None or (in_part is None and (len(shape) > MAX_AXES or min(shape, default=0) < 0)):
        return None
    return tensors.typed(element_type(value.dtype), shape)


def passed_values(proto: NodeProto, node: Node, tensors: Tensors, constants: Constants) -> dict[str, TensorProto]:
    """Values of the inputs that shapes may depend on, by local name."""
    data: dict[str, TensorProto] = {}
    for index, name in enumerate(node.inputs):
        value = constants.passed(name) if name in constants.names and _is_passed(node, index, tensors) else None
        if value is not None:
            data[proto.input[index]] = value
    return data


def _is_passed(node: Node, index: int, tensors: Tensors) -> bool:
    """Whether shapes may depend on the value of an input that is constant."""
    return tensors.dtypes[node.inputs[index]] in _INTEGERS or index in operator(node.kind).shape_floats


def reason(error: Exception) -> str:
    """onnx's own words, on one line and without their tag."""
    text = str(error).split("\n==>", 1)[0]
    for tag in ("[ShapeInferenceError]", "[TypeInferenceError]"):
        text = text.replace(tag, "")
    return one_line(" ".join(text.split()))[:300]

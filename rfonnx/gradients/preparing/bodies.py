"""Operators without a gradient rule whose specification gives a function body: the body takes their place."""

from __future__ import annotations

import onnx
from onnx import ModelProto, TensorProto

from rfonnx.gradients import rules  # noqa: F401  # registers the rules
from rfonnx.gradients.forward import Forward
from rfonnx.gradients.preparing.large_weights import LightModel, as_inputs, as_stubs
from rfonnx.gradients.rule_table import find, reason_for_zero
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import ELEMENT_TYPES


def inline_bodies(model: LightModel, forward: Forward) -> bool:
    """Replace operators that have no rule by their function bodies, in place.

    Args:
        model: the model.
        forward: the same model, read: its types are what bodies that depend on types need.

    Returns:
        Whether there were any.
    """
    wanting = [n for n in forward.graph.nodes if _without_rule(n.kind) and _may_have_gradient(n, forward)]
    chosen = sorted({(n.domain, n.op_type) for n in wanting if _has_body(n.domain, n.op_type)})
    if not chosen:
        return False
    from onnx import inliner

    proto = as_inputs(model.proto, model.weights)
    _declare_types(proto, forward)
    try:
        inlined = inliner.inline_selected_functions(proto, chosen, exclude=False, inline_schema_functions=True)
    except RuntimeError:  # a body that the inliner cannot write: the reverse walk refuses its node by name
        return False
    absent = [index for index, entry in enumerate(inlined.graph.value_info) if not entry.name]
    for index in reversed(absent):
        del inlined.graph.value_info[index]
    as_stubs(inlined, model.weights)
    model.proto = inlined
    return True


def _without_rule(kind: str) -> bool:
    return find(kind) is None and reason_for_zero(kind) is None


def _may_have_gradient(node: Node, forward: Forward) -> bool:
    """Whether a node gives floating-point numbers that are not constant: positions and masks are left as they are."""
    graph = forward.graph
    return any("float" in graph.dtypes[o] and o not in graph.constants for o in node.outputs if o)


def _has_body(domain: str, op_type: str) -> bool:
    if domain or not onnx.defs.has(op_type):
        return False
    schema = onnx.defs.get_schema(op_type)
    return bool(schema.has_function or schema.has_context_dependent_function)  # type: ignore[attr-defined]


def _declare_types(proto: ModelProto, forward: Forward) -> None:
    """Bodies depend on the types of what they are given, those of constants included."""
    graph, shapes = forward.graph, forward.graph.shapes
    known = {i.name for i in (*proto.graph.input, *proto.graph.output)}
    proto.graph.ClearField("value_info")
    # The inliner asks for the type of inputs that are left out, too; bodies still see that they are absent.
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info("", TensorProto.FLOAT, None))
    for name, dtype in graph.dtypes.items():
        shape = shapes.get(name)
        if name not in known and dtype in ELEMENT_TYPES and shape is not None:
            proto.graph.value_info.append(onnx.helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], list(shape)))

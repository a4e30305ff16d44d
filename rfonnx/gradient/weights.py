"""A model without its large weights, for tools of onnx that copy the whole model: they become inputs of the same type."""

from __future__ import annotations

import onnx
from onnx import ModelProto, TensorProto

LARGE = 4096
"""Bytes; smaller constants may be axes, shapes or scales, whose values such tools want to see."""


def without_weights(model: ModelProto) -> tuple[ModelProto, list[TensorProto]]:
    """A copy whose large initializers are inputs, and those initializers."""
    large = [t for t in model.graph.initializer if _is_large(t)]
    names = {t.name for t in large}
    light = ModelProto()
    light.opset_import.extend(model.opset_import)
    light.ir_version = model.ir_version
    graph = light.graph
    graph.name = model.graph.name
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    graph.initializer.extend(t for t in model.graph.initializer if t.name not in names)
    graph.input.extend(i for i in model.graph.input if i.name not in names)
    graph.input.extend(onnx.helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in large)
    return light, large


def with_weights(light: ModelProto, large: list[TensorProto]) -> ModelProto:
    """Put the large initializers back, in place."""
    names = {t.name for t in large}
    inputs = [i for i in light.graph.input if i.name not in names]
    light.graph.ClearField("input")
    light.graph.input.extend(inputs)
    light.graph.initializer.extend(large)
    return light


def _is_large(tensor: TensorProto) -> bool:
    return len(tensor.raw_data) > LARGE or len(tensor.float_data) * 4 > LARGE or len(tensor.double_data) * 8 > LARGE

"""Raise a model's opset to one that gradient graphs are written for."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from rfonnx.errors import ModelError
from rfonnx.gradients.preparing.large_weights import LightModel, as_inputs, as_stubs
from rfonnx.graph.file_nodes import plain_domain
from rfonnx.graph.order import reads
from rfonnx.graph.text import quote
from rfonnx.model import runtime

LOWEST = 17
"""The lowest opset that gradient graphs are written for: it has every operator that rules emit."""


def raise_opset(model: LightModel) -> None:
    """Bring the model to opset 17 or later, in place.

    Older than 13: onnx's converter. 13 to 16 are relabelled: 17 gives their operators no other meaning, but for one default and
    for what says that a BatchNormalization is in training mode.

    Raises:
        ModelError: onnxruntime knows no such opset yet, or onnx cannot convert the model.
    """
    entry = next((e for e in model.proto.opset_import if plain_domain(e.domain) == ""), None)
    if entry is None:
        model.proto.opset_import.add(domain="", version=LOWEST)
        return
    if entry.version > runtime.MAX_OPSET:
        raise ModelError(
            f"{model.name}: the model uses ai.onnx opset {entry.version}, but onnxruntime takes at most {runtime.MAX_OPSET}",
            "export it with a lower opset",
        )
    if entry.version < 13:
        model.proto = _converted(model)
        entry = next(e for e in model.proto.opset_import if plain_domain(e.domain) == "")
    if entry.version < LOWEST:
        for node in model.proto.graph.node:
            # RoiAlign shifts coordinates by half a pixel from opset 16 on
            if node.op_type == "RoiAlign" and entry.version < 16:
                node.attribute.append(helper.make_attribute("coordinate_transformation_mode", "output_half_pixel"))
            if node.op_type == "BatchNormalization" and entry.version < 14 and len(node.output) > 1:
                _in_training(node, model)
        entry.version = LOWEST
    model.proto.ir_version = min(max(model.proto.ir_version, 8), runtime.MAX_IR)


def _in_training(node: NodeProto, model: LightModel) -> None:
    """Say by its attribute, in place, that a BatchNormalization is in training mode: before opset 14 further outputs say so.

    Raises:
        ModelError: outputs that there are no more from opset 14 on, the statistics of the batch, are read.
    """
    gone = [name for name in node.output[3:] if name]
    read = {n for other in model.proto.graph.node for n in reads(other)} | {o.name for o in model.proto.graph.output}
    if read.intersection(gone):
        raise ModelError(
            f"{model.name}: node {quote(node.name or node.output[0])} (BatchNormalization) gives the statistics of the batch"
            f" as {quote(gone[0])}, which opset 14 does away with",
            "export it with opset 14 or later",
        )
    del node.output[3:]
    node.attribute.append(helper.make_attribute("training_mode", 1))


def _converted(model: LightModel) -> ModelProto:
    from onnx import version_converter

    light = as_inputs(model.proto, model.weights)
    # Before IR 4 the converter knows only those initializers that are listed among the inputs, too.
    light.ir_version = max(light.ir_version, 4)
    try:
        converted: ModelProto = version_converter.convert_version(light, 13)
    except Exception as error:  # the converter raises RuntimeError and types of its own
        raise ModelError(
            f"{model.name}: onnx cannot convert the model to opset 13 ({runtime.one_line(error)})",
            "export it with opset 17 or later",
        ) from None
    _sample_as_before(converted, light)
    as_stubs(converted, model.weights)
    return converted


def _sample_as_before(converted: ModelProto, light: ModelProto) -> None:
    """Say, in place, where a Resize samples: Upsample, and Resize before opset 11, have no attribute for it, and the converter
    leaves it to the default of those that have. Nearest is below when enlarging, above when shrinking."""
    older = {node.output[0] for node in light.graph.node if node.op_type in ("Upsample", "Resize")}
    if max(e.version for e in light.opset_import if plain_domain(e.domain) == "") > 10:
        return
    stored = {tensor.name: tensor for tensor in converted.graph.initializer}
    nodes = list(converted.graph.node)
    del converted.graph.node[:]
    for node in nodes:
        if node.op_type != "Resize" or node.output[0] not in older:
            converted.graph.node.append(node)
            continue
        tensor = stored.get(node.input[2]) if len(node.input) > 2 else None
        scales = np.ones(0) if tensor is None else numpy_helper.to_array(tensor)
        said = {attribute.name for attribute in node.attribute}
        nearest = all(a.s == b"nearest" for a in node.attribute if a.name == "mode")
        if nearest and (scales < 1).any() and (scales > 1).any() and "nearest_mode" not in said:
            node, first = _apart(node, scales, converted)
            _say(first, "floor")
            converted.graph.node.append(first)
        _say(node, "ceil" if (scales < 1).any() else "floor")
        converted.graph.node.append(node)


def _say(node: NodeProto, nearest: str) -> None:
    said = {attribute.name for attribute in node.attribute}
    for name, value in (("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", nearest)):
        if name not in said:
            node.attribute.append(helper.make_attribute(name, value))


def _apart(node: NodeProto, scales: np.ndarray, model: ModelProto) -> tuple[NodeProto, NodeProto]:
    """What shrinks, behind what enlarges: each axis is resized by itself."""
    name = f"{node.output[0]}/enlarged"
    made = []
    for part, given in (("shrinks", np.minimum(scales, 1)), ("enlarges", np.maximum(scales, 1))):
        held = f"{node.output[0]}/{part}"
        model.graph.initializer.append(numpy_helper.from_array(given.astype(np.float32), held))
        one = NodeProto()
        one.CopyFrom(node)
        one.input[2] = held
        made.append(one)
    after, first = made
    after.input[0] = first.output[0] = name
    first.name = name
    return after, first

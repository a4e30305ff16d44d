"""The error of each layer's weight: the student's, dequantised, against the teacher's, with its BatchNormalization folded in
where the student's is.

Folding multiplies each output channel by scale / sqrt(variance + epsilon), as the specification of BatchNormalization has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, helper

from rfonnx.comparing.fields.agreement import Agreement
from rfonnx.comparing.layers.constants import Constants
from rfonnx.comparing.layers.inner_tensors import Inner, InnerModel
from rfonnx.comparing.layers.layer_kinds import plain, scale_of, sums_products, takes_scales
from rfonnx.comparing.layers.pairing import stem
from rfonnx.comparing.layers.wiring import Wiring
from rfonnx.model.reading.convert import kind_of

OUTPUT_AXES = {"Conv": 0, "ConvTranspose": 1}
"""Where output channels lie in the weight of a convolution; in a matrix product they come last."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What makes one tensor in one model.

    Attributes:
        product: the one sum of products.
        weight: name of its largest constant.
        scale: names of the weight's scale and zero point, where it is quantised.
        norm: the BatchNormalization behind it, or None.
        scaled: a constant multiplies it in another way.
    """

    product: NodeProto
    weight: str
    scale: tuple[str, ...]
    norm: NodeProto | None
    scaled: bool


def _constants(model: InnerModel, layers: Sequence[Layer]) -> Constants:
    """What the weights of some layers are made of."""
    wanted = [name for layer in layers for name in (layer.weight, *layer.scale)]
    return Constants(model, [*wanted, *(name for layer in layers if layer.norm for name in layer.norm.input[1:])])


def _weight(constants: Constants, layer: Layer, folded: bool) -> np.ndarray | None:
    """A weight as real numbers; of a matrix product with the output channels last. None where its scales do not fit it.

    Args:
        constants: those of the layer are among them.
        layer: whose weight.
        folded: with its BatchNormalization.
    """
    axis = OUTPUT_AXES.get(plain(kind_of(layer.product)), -1)
    weight: np.ndarray | None = constants.value(layer.weight).astype(np.float64)
    if layer.scale:
        scale, *zero = (constants.value(name).astype(np.float64) for name in layer.scale)
        moved = weight if not zero else _each(np.subtract, weight, zero[0], axis)
        weight = _each(np.multiply, moved, scale, axis)
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in layer.product.attribute}
    if attributes.get("transB") and weight is not None:
        weight = weight.T
    if folded and layer.norm is not None:
        gamma, _, _, variance = (constants.value(name).astype(np.float64) for name in layer.norm.input[1:])
        own = {attribute.name: helper.get_attribute_value(attribute) for attribute in layer.norm.attribute}
        weight = _each(np.multiply, weight, gamma / np.sqrt(variance + own.get("epsilon", 1e-5)), axis)
    return weight


def _each(combine: np.ufunc, weight: np.ndarray | None, values: np.ndarray, axis: int) -> np.ndarray | None:
    """A weight and one value, or one per output channel; None where there are not as many."""
    if weight is None or values.size == 1:
        return weight if weight is None else combine(weight, values.reshape(()))
    if weight.ndim == 0 or weight.shape[axis] != values.size:
        return None
    shape = [1] * weight.ndim
    shape[axis] = values.size
    return combine(weight, values.reshape(shape))  # type: ignore[no-any-return]


def weight_errors(
    teacher: InnerModel, student: InnerModel, pairs: Sequence[tuple[Inner, Inner]]
) -> Mapping[str, float]:
    """SQNR in dB by the student's tensor, where one weight makes it on both sides and no other constant scales it.

    Raises:
        ModelError, RunError: onnxruntime does not take the constants of a model.
    """
    ends = {left.name for left, _ in pairs}, {right.name for _, right in pairs}
    stored = [{tensor.name for tensor in model.model.graph.initializer} for model in (teacher, student)]
    found = []
    for left, right in pairs:
        one = _layer(teacher.wiring, left.name, ends[0], stored[0])
        other = _layer(student.wiring, right.name, ends[1], stored[1])
        if one and other and _comparable(one, other):
            found.append((right.name, one, other))
    if not found:
        return {}
    mine, theirs = _constants(teacher, [one for _, one, _ in found]), _constants(student, [b for _, _, b in found])
    errors = {}
    for name, one, other in found:
        left_weight = _weight(mine, one, folded=other.norm is None)
        right_weight = _weight(theirs, other, folded=False)
        if left_weight is not None and right_weight is not None and left_weight.shape == right_weight.shape:
            agreement = Agreement()
            agreement.add(left_weight, right_weight)
            errors[name] = agreement.sqnr_db
    return errors


def _comparable(one: Layer, other: Layer) -> bool:
    alike = plain(kind_of(one.product)) == plain(kind_of(other.product)) and one.scaled == other.scaled
    return alike and (one.norm is not None or other.norm is None)


def _layer(wiring: Wiring, name: str, ends: Collection[str], stored: Collection[str]) -> Layer | None:
    """The layer that makes a tensor; None where it is not one product with one weight."""
    nodes = wiring.between(name, ends)
    products = [node for node in nodes if sums_products(kind_of(node))]
    if len(products) != 1:
        return None
    product = products[0]
    sizes = {operand: wiring.size(operand) for operand in product.input if operand and wiring.is_constant(operand)}
    if not sizes or max(sizes.values()) < 2:
        return None
    weight = max(sizes, key=lambda operand: sizes[operand])
    scale = _scale(product, weight, stored)
    norms = [node for node in nodes if kind_of(node) == "BatchNormalization"]
    # In a dynamically quantised layer a product with the scales is part of the arithmetic.
    scaled = not scale and any(_multiplies(wiring, node) for node in nodes)
    known = (*scale, *(name for node in norms for name in node.input[1:]))
    if not all(wiring.is_constant(name) for name in known):
        return None
    return Layer(product, weight, scale, norms[0] if norms else None, scaled or len(norms) > 1)


def _multiplies(wiring: Wiring, node: NodeProto) -> bool:
    kind = kind_of(node)
    return kind in ("Mul", "Div") and len(wiring.operands(node)) == 1


def _scale(product: NodeProto, weight: str, stored: Collection[str]) -> tuple[str, ...]:
    """Scale and zero point of a quantised weight: the operands behind it, or what onnxruntime's quantiser stores beside it."""
    kind = kind_of(product)
    if takes_scales(kind):
        return tuple(name for name in scale_of(product, weight) if name)
    beside = tuple(stem(weight) + ending for ending in ("_scale", "_zero_point"))
    return beside if weight.endswith("_quantized") and all(name in stored for name in beside) else ()

"""Convolutions and pools with what stands before them."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.patterns.view import DOMAIN, Group, View, stand_in
from rfonnx.graph.nodes import Node


def max_pool_of_relu(view: View, node: Node) -> Group | None:
    """MaxPool(Relu(x)), or of a Concat of Relus: where a window's maximum is positive its place is the same before the Relu, and
    elsewhere g is 0, so that the Relu's mask can be applied to the pooled gradient, which is smaller."""
    if any(node.outputs[1:]):
        return None
    pooled = node.inputs[0]
    concat = view.maker(pooled, "Concat")
    if concat is not None and not _of_channels(view, concat):
        return None
    parts = [pooled] if concat is None else concat.inputs
    relus = [relu for name in parts if (relu := view.maker(name, "Relu")) is not None]
    if len(relus) < len(parts):
        return None
    inputs = (*(relu.inputs[0] for relu in relus), pooled)
    return [node, *([concat] if concat else []), *relus], stand_in("MaxPoolOfRelu", inputs, node)


def conv_of_concat(view: View, node: Node) -> Group | None:
    """Conv(Concat(a, b)): each part's gradient comes from its own slice of the weight, and none is cut out of a whole."""
    concat = view.maker(node.inputs[0], "Concat")
    if concat is None or not _of_channels(view, concat) or node.attrs["group"] != 1:
        return None
    if not all(name in view.graph.constants for name in node.inputs[1:]):
        return None
    inputs = (*concat.inputs, *node.inputs[1:])
    return [node, concat], stand_in("ConvOfConcat", inputs, node, parts=len(concat.inputs))


FEW_CHANNELS = 16
"""Parts of fewer channels are better made together."""


def _of_channels(view: View, concat: Node) -> bool:
    """Whether it joins images along their channels, each of many."""
    shapes = [view.graph.shapes.get(name) or () for name in concat.inputs]
    axis = concat.attrs["axis"] % max(len(shapes[0]), 1)
    return axis == 1 and all(len(s) > 2 and (s[1] or 0) >= FEW_CHANNELS for s in shapes)


def relu_of_affine(view: View, node: Node) -> Group | None:
    """Relu(a x + b) with constants for each channel: the product with a comes before the mask, where the runtime folds it into
    the weights of the convolution that made g."""
    x, factor = node.inputs[0], np.ones(())
    group = [node]
    while (step := view.maker(x, "Add", "Mul", "BatchNormalization")) is not None:
        found = _slope(view, step)
        if found is None:
            break
        x, factor = found[0], factor * found[1]
        group.append(step)
    if factor.size == 1:
        return None
    return group, Node("ReluOfAffine", DOMAIN, node.name, (x,), node.outputs, {"factor": factor}, node.version)


def _slope(view: View, node: Node) -> tuple[str, np.ndarray] | None:
    """What a sum, product or normalisation with constants reads, and its slope: a number, or (channels, 1, ...)."""
    shape = view.graph.shapes.get(node.outputs[0]) or ()
    for x in node.inputs[: 1 if node.kind == "BatchNormalization" else None]:
        values = [view.graph.value(name) for name in node.inputs if name != x]
        constants = [value.astype(np.float64) for value in values if value is not None]
        if view.graph.shapes.get(x) != shape or len(constants) < len(node.inputs) - 1:
            continue
        if node.kind == "BatchNormalization":
            scale, _, _, variance = constants
            slope = (scale / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))).reshape(-1, *[1] * (len(shape) - 2))
            return None if node.attrs["training_mode"] else (x, slope)
        slope = constants[0] if node.kind == "Mul" else np.ones(())
        per_channel = (shape[1], *[1] * (len(shape) - 2)) if len(shape) > 2 else ()
        return (x, slope) if slope.shape in ((), per_channel) else None
    return None

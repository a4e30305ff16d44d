"""Normalisations. Forward statistics are computed again from x, over the same axes."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("Softmax", "rfonnx.MaskedSoftmax")
def softmax(op: Op, g: Value) -> Gradients:
    """dx = y (g - sum(g y)). MaskedSoftmax: see rfonnx.gradients.patterns; y is 0 in rows that are masked."""
    axes = op.constant("axes")
    y = op.y()
    weighted = g * y
    return [weighted - y * weighted.sum(axes)]


@rule("LogSoftmax")
def log_softmax(op: Op, g: Value) -> Gradients:
    """dx = g - exp(y) sum(g)."""
    return [g - op.emit("Exp", op.y()) * g.sum(op.constant("axes"))]


@rule("BatchNormalization")
def batch_norm(op: Op, g: Value) -> Gradients:
    """At inference an affine map per channel: dx = g scale / sqrt(var + epsilon)."""
    rank = len(op.shape())
    per_channel = [1, -1] + [1] * (rank - 2) if rank > 1 else [-1]
    others = [a for a in range(rank) if a != min(1, rank - 1)]
    if op.attrs["training_mode"]:
        return _batch_norm_in_training(op, g, per_channel, others)
    inverse = op.emit("Reciprocal", op.emit("Sqrt", op.x(4) + op.attrs.get("epsilon", 1e-5)))
    slope = op.x(1) * inverse
    made: list[Value | None] = [g * slope.reshape(per_channel) if op.needs(0) else None, None, None, None, None]
    if any(op.needs(i) for i in range(1, 5)):
        total = g.sum(others, keepdims=False)
        moved = (g * (op.x(0) - op.x(3).reshape(per_channel))).sum(others, keepdims=False)
        made[1:] = [moved * inverse, total, -(total * slope), moved * slope * inverse * inverse * -0.5]
    return made


def _batch_norm_in_training(op: Op, g: Value, per_channel: list[int], others: list[int]) -> Gradients:
    """In training mode each channel is normalised by its own statistics, over the samples too; the given ones are not used."""
    middle = centered(op.x(), others)
    scale = inverse_deviation(middle, others, op.attrs.get("epsilon", 1e-5))
    normal = middle * scale
    made: list[Value | Zero | None] = [None, None, None, ZERO, ZERO]
    if op.needs(0):
        made[0] = normalised_slope(g * op.x(1).reshape(per_channel), normal, scale, others)
    if op.needs(1):
        made[1] = (g * normal).sum(others, keepdims=False)
    if op.needs(2):
        made[2] = g.sum(others, keepdims=False)
    return made


def centered(x: Value, axes: list[int]) -> Value:
    """x minus its mean."""
    return x - x.mean(axes)


def normalised_slope(g: Value, normal: Value, scale: Value, axes: list[int]) -> Value:
    """The gradient of x -> (x - mean) scale, scale = 1/sqrt(var + eps): scale (g - mean(g) - normal mean(g normal))."""
    return (g - g.mean(axes) - normal * (g * normal).mean(axes)) * scale


def inverse_deviation(middle: Value, axes: list[int], epsilon: float) -> Value:
    """1 / sqrt(mean(middle^2) + epsilon)."""
    emit = middle.emit
    return emit("Reciprocal", emit("Sqrt", (middle * middle).mean(axes) + epsilon))


@rule("LayerNormalization")
def layer_norm(op: Op, g: Value) -> Gradients:
    """y = normal(x) w + b over the last axes."""
    axes = op.constant("axes")
    middle = centered(op.x(), axes)
    scale = inverse_deviation(middle, axes, op.attrs.get("epsilon", 1e-5))
    normal = middle * scale
    made: list[Value | None] = [None] * len(op.node.inputs)
    if op.needs(0):
        made[0] = normalised_slope(g * op.x(1), normal, scale, axes)
    if op.needs(1):
        made[1] = op.unbroadcast(g * normal, 1)
    if op.needs(2):
        made[2] = op.unbroadcast(g, 2)
    return made


@rule("RMSNormalization", "SimplifiedLayerNormalization")
def rms_norm(op: Op, g: Value) -> Gradients:
    """y = x s w, s = 1/sqrt(mean(x^2) + eps): dx = s (h - n mean(h n)), h = g w, n = x s."""
    axes = op.constant("axes")
    scale = inverse_deviation(op.x(), axes, op.attrs.get("epsilon", 1e-5))
    normal = op.x() * scale
    made: list[Value | None] = [None] * len(op.node.inputs)
    if op.needs(0):
        h = g * op.x(1)
        made[0] = (h - normal * (h * normal).mean(axes)) * scale
    if op.needs(1):
        made[1] = op.unbroadcast(g * normal, 1)
    return made


@rule("InstanceNormalization")
def instance_norm(op: Op, g: Value) -> Gradients:
    """Each channel of each sample normalised over space, then scaled per channel."""
    rank = len(op.shape())
    axes = list(range(2, rank))
    per_channel = [1, -1] + [1] * (rank - 2)
    middle = centered(op.x(), axes)
    scale = inverse_deviation(middle, axes, op.attrs.get("epsilon", 1e-5))
    normal = middle * scale
    made: list[Value | None] = [None, None, None]
    if op.needs(0):
        made[0] = normalised_slope(g * op.x(1).reshape(per_channel), normal, scale, axes)
    if op.needs(1):
        made[1] = (g * normal).sum([0, *axes], keepdims=False)
    if op.needs(2):
        made[2] = g.sum([0, *axes], keepdims=False)
    return made


@rule("GroupNormalization")
def group_norm(op: Op, g: Value) -> Gradients:
    """Channels in groups, each normalised with space; scale and bias per channel (per group in opset 18)."""
    shape, groups = op.shape(), int(op.attrs["num_groups"])
    channels, rank = shape[1], len(shape)
    grouped = [-1, groups, channels // groups, *shape[2:]]
    axes = list(range(2, rank + 1))
    per_channel = [1, groups, -1] + [1] * (rank - 2)
    middle = centered(op.x().reshape(grouped), axes)
    scale = inverse_deviation(middle, axes, op.attrs.get("epsilon", 1e-5))
    normal = middle * scale
    wide = g.reshape(grouped)
    made: list[Value | None] = [None, None, None]
    if op.needs(0):
        made[0] = normalised_slope(wide * op.x(1).reshape(per_channel), normal, scale, axes).reshape([-1, *shape[1:]])
    summed = [0, *range(3 if op.shape(1) == (channels,) else 2, rank + 1)]
    if op.needs(1):
        made[1] = (wide * normal).sum(summed, keepdims=False).reshape(op.shape(1))
    if op.needs(2):
        made[2] = wide.sum(summed, keepdims=False).reshape(op.shape(2))
    return made


@rule("MeanVarianceNormalization")
def mean_variance_norm(op: Op, g: Value) -> Gradients:
    """y = (x - mean) / (std + 1e-9): the tiny constant does not matter for the slope where std is not tiny too."""
    axes = op.constant("axes")
    middle = centered(op.x(), axes)
    deviation = op.emit("Sqrt", (middle * middle).mean(axes))
    scale = op.emit("Reciprocal", deviation + 1e-9)
    return [(g - g.mean(axes) - middle / deviation * (g * op.y()).mean(axes)) * scale]


@rule("LpNormalization")
def lp_norm(op: Op, g: Value) -> Gradients:
    """y = x / n: dx = (g - s sum(g y)) / n with s = sign(x) for p 1 and y for p 2. 0 where the norm is 0."""
    axes = op.constant("axes")
    x, y = op.x(), op.y()
    first = int(op.attrs.get("p", 2)) == 1
    norm = op.emit("Abs", x).sum(axes) if first else op.emit("Sqrt", (x * x).sum(axes))
    zero = op.emit("Equal", norm, op.emit.scalar(0.0, norm.dtype))
    safe = op.emit("Where", zero, op.emit.scalar(math.inf, norm.dtype), norm, dtype=norm.dtype)
    direction = op.emit("Sign", x) if first else y
    return [(g - direction * (g * y).sum(axes)) / safe]


@rule("LRN")
def lrn(op: Op, g: Value) -> Gradients:
    """y = x s^-beta, s = bias + alpha/size * sum of x^2 over the channels near this one.

    dx = g s^-beta - 2 alpha beta / size * x * sum of (g y / s) over the channels that this one is near to. The sums over
    channels are 1x1 convolutions with a band of ones.
    """
    size, alpha = int(op.attrs["size"]), op.attrs.get("alpha", 1e-4)
    beta, bias = op.attrs.get("beta", 0.75), op.attrs.get("bias", 1.0)
    x, y, channels, rank = op.x(), op.y(), op.shape()[1], len(op.shape())
    offset = np.arange(channels)[None, :] - np.arange(channels)[:, None]
    near = (-((size - 1) // 2) <= offset) & (offset <= size // 2)

    def band(value: Value, kernel: np.ndarray) -> Value:
        weight = kernel.astype(value.dtype).reshape(channels, channels, *[1] * (rank - 2))
        return op.emit("Conv", value, op.emit.constant(weight))

    s = band(x * x, near) * (alpha / size) + bias
    falling = inverse_power(s, beta)
    back = band(g * y / s, near.T) * (2.0 * alpha * beta / size)
    return [g * falling - x * back]


def inverse_power(s: Value, beta: float) -> Value:
    """s^-beta; Pow is slow, and 3/4 and 1/2 are square roots."""
    emit = s.emit
    if beta == 0.75:
        root = emit("Sqrt", s)
        return emit("Reciprocal", root * emit("Sqrt", root))
    if beta == 0.5:
        return emit("Reciprocal", emit("Sqrt", s))
    return emit("Pow", s, emit.scalar(-beta, s.dtype))

"""Pools: averages and norms spread their gradient over the window. See `max_pool` for maxima over windows."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.gradients.answers import Gradients, Narrow, Unsupported
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.adjoint import Window, conv_adjoint, repeat
from rfonnx.gradients.rules.conv import geometry
from rfonnx.gradients.values import Value


def pool_window(op: Op) -> Window:
    """The window of a pool, as onnxruntime pads it: SAME without regard to dilation, and by negative numbers."""
    return geometry(op, op.shape()[2:], op.out_shape()[2:], pool_pads(op))


def pool_pads(op: Op) -> list[int]:
    """Begins, then ends."""
    pads: list[int] = op.attrs.get("other_pads") or op.constant("pads")
    return pads


@rule("AveragePool")
def average_pool(op: Op, g: Value) -> Gradients:
    """dx[i] = sum over the windows that hold i of g / count."""
    window = pool_window(op)
    include_pad = bool(op.attrs.get("count_include_pad", 0))
    if include_pad and op.attrs.get("other_pads"):
        raise Unsupported("it counts padding, where onnxruntime pads otherwise than the specification")
    counts = _counts(window, pool_pads(op), include_pad)
    return [spread(g / _shrunk(g, counts), window, op.shape()[1])]


def _shrunk(g: Value, counts: np.ndarray) -> Value:
    """Counts as a scalar when all are equal."""
    flat = counts.reshape(-1)
    if (flat == flat[0]).all():
        return g.emit.scalar(float(flat[0]), g.dtype)
    return g.emit.constant(counts.astype(g.dtype)[None, None])


def _counts(window: Window, pads: list[int], include_pad: bool) -> np.ndarray:
    """Positions that each window averages over, of shape `out_length`; ceil_mode's reach beyond the padding never counts."""
    counts = np.ones((), np.int64)
    for axis in range(window.rank):
        starts = np.arange(window.out_length[axis]) * window.stride[axis] - window.begin[axis]
        taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]
        end_pad = pads[window.rank + axis] if include_pad else 0
        low = -window.begin[axis] if include_pad else 0
        inside = ((taps >= low) & (taps < window.length[axis] + end_pad)).sum(axis=1)
        counts = counts[..., None] * np.maximum(inside, 1)
    return counts


def spread(g: Value, window: Window, channels: int) -> Value:
    """The adjoint of summing over windows, channel by channel."""
    rank = window.rank
    covers = window.stride == window.kernel and set(window.dilation) == {1} and not any(window.begin)
    if covers and all(o * s == n for o, s, n in zip(window.out_length, window.stride, window.length, strict=True)):
        return repeat(g, [1, 1, *window.stride])
    ones = g.emit.constant(np.ones((channels, 1, *window.kernel), g.dtype))
    return conv_adjoint(g, ones, (channels, 1, *window.kernel), window, channels) if rank else g


@rule("GlobalAveragePool")
def global_average_pool(op: Op, g: Value) -> Gradients:
    """dx = g / count everywhere."""
    return [Narrow(g / float(math.prod(op.shape()[2:])))]


@rule("GlobalMaxPool")
def global_max_pool(op: Op, g: Value) -> Gradients:
    """g goes to the first maximum of each channel."""
    shape = op.shape()
    length = math.prod(shape[2:])
    flat = op.x().reshape([shape[0], shape[1], length])
    first = op.emit("ArgMax", flat, axis=2, keepdims=1)
    place = op.emit.constant(np.arange(length, dtype=np.int64).reshape(1, 1, -1))
    chosen = op.emit("Equal", place, first).cast(g.dtype).reshape(shape)
    return [g * chosen]


@rule("LpPool")
def lp_pool(op: Op, g: Value) -> Gradients:
    """y = (sum |x|^p)^(1/p): dx = |x|^(p-1) sign(x) * spread(g y^(1-p))."""
    p = float(op.attrs.get("p", 2))
    x, y = op.x(), op.y()
    share = spread(g * _power_or_zero(y, 1.0 - p), pool_window(op), op.shape()[1])
    return [share * _odd_power(x, p - 1.0)]


@rule("GlobalLpPool")
def global_lp_pool(op: Op, g: Value) -> Gradients:
    """As LpPool over one window."""
    p = float(op.attrs.get("p", 2))
    return [g * _power_or_zero(op.y(), 1.0 - p) * _odd_power(op.x(), p - 1.0)]


def _power_or_zero(y: Value, power: float) -> Value:
    """y^power for y >= 0 and power <= 0, but 0 at 0: a window of zeros has no slope."""
    if power == 0.0:
        return y.emit("Sign", y)
    zero = y.emit("Equal", y, y.emit.scalar(0.0, y.dtype))
    safe = y.emit("Where", zero, y.emit.scalar(math.inf, y.dtype), y, dtype=y.dtype)
    return y.emit("Reciprocal", safe) if power == -1.0 else y.emit("Pow", safe, y.emit.scalar(power, y.dtype))


def _odd_power(x: Value, power: float) -> Value:
    """|x|^power sign(x)."""
    if power == 1.0:
        return x
    sign = x.emit("Sign", x)
    return sign if power == 0.0 else sign * x.emit("Pow", x.emit("Abs", x), x.emit.scalar(power, x.dtype))

"""Maxima over windows: the gradient goes to the first position that holds the maximum."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.adjoint import Window
from rfonnx.gradients.rules.pool import pool_pads, pool_window
from rfonnx.gradients.rules.shared import positive, split
from rfonnx.gradients.values import Value


@rule("MaxPool", every_output=True)
def max_pool(op: Op, g: Value) -> Gradients:
    """g goes to the first tap that holds the maximum: ties are common (plateaus, zeros after ReLU), and count once."""
    if op.gradients[0] is None:
        raise Unsupported("only its indices lead to the tensor")
    window = pool_window(op)
    few = sum(window.kernel) <= MAX_TAPS and set(window.dilation) == {1}
    if few and not op.attrs.get("storage_order", 0):
        return by_taps(op, g, window, op.x(), [op.shape()[1]])
    return [by_indices(op, g, window, 0)]


@rule("rfonnx.MaxPoolOfRelu")
def max_pool_of_relu(op: Op, g: Value) -> Gradients:
    """See rfonnx.gradients.patterns: the last input is what is pooled, those before it are what the Relus read."""
    window = pool_window(op)
    pooled = len(op.node.inputs) - 1
    channels = [op.shape(index)[1] for index in range(pooled)]
    masked = g * positive(op.y())
    if sum(window.kernel) <= MAX_TAPS and set(window.dilation) == {1}:
        return [*by_taps(op, masked, window, op.x(pooled), channels), ZERO]
    whole = by_indices(op, masked, window, pooled)
    return [*split(whole, 1, channels), ZERO]


MAX_TAPS = 14
"""Taps, summed over the axes, up to which comparing them one by one is faster than a second pool that gives indices."""


def by_taps(op: Op, g: Value, window: Window, x: Value, channels: Sequence[int]) -> list[Value]:
    """One axis at a time: maxima over the last axis, then over the one before of those, are found first in row-major order.

    All of it with the channels last, where slices with a step and interleaving move whole rows of channels: 6 times as fast.

    Args:
        op: the pool.
        g: gradient of its output.
        window: its geometry.
        x: what is pooled.
        channels: how many go into each gradient that is given back.
    """
    stages = [_real(x)]
    axes = [a for a in reversed(range(window.rank)) if window.kernel[a] > 1 or window.stride[a] > 1]
    if not axes:  # one tap: the pool gives what it reads
        return split(g, 1, channels)
    for axis in axes[:-1]:
        stages.append(_pool_axis(stages[-1], window, axis))
    results = [*stages[1:], _real(op.y())]
    last = [0, *range(2, window.rank + 2), 1]
    g = g.transpose(last)
    for axis, before, after in reversed(list(zip(axes, stages, results, strict=True))):
        behind = (*window.out_length[axis + 1 :], sum(channels))
        g = _first_maximum(g, before.transpose(last), after.transpose(last), window, axis, behind)
    back = [0, window.rank + 1, *range(1, window.rank + 1)]
    return [part.transpose(back) for part in split(g, window.rank + 1, channels)]


def _real(x: Value) -> Value:
    """Quantised numbers in float32, which every operator takes."""
    return x if x.dtype.startswith("float") else x.cast("float32")


def _pool_axis(x: Value, window: Window, axis: int) -> Value:
    """The maximum along one axis alone."""
    only = [int(a == axis) for a in range(window.rank)]
    surplus = max(window.full(axis) - window.begin[axis] - window.length[axis], 0)
    return x.emit(
        "MaxPool",
        x,
        kernel_shape=[window.kernel[axis] if o else 1 for o in only],
        strides=[window.stride[axis] if o else 1 for o in only],
        pads=[*(window.begin[axis] * o for o in only), *(surplus * o for o in only)],
    )


def _first_maximum(g: Value, x: Value, y: Value, window: Window, axis: int, behind: tuple[int, ...]) -> Value:
    """The gradient of a maximum along one axis: each window's goes to the first tap that holds y.

    The last tap takes what no other took, without being looked at. `behind`: lengths of the axes after this one.
    """
    kernel, stride, count = window.kernel[axis], window.stride[axis], window.out_length[axis]
    rank, along = window.rank + 2, axis + 1
    begin, length = window.begin[axis], window.length[axis]
    end = max(window.full(axis) - begin - length, 0)
    pads = [0] * (2 * rank)
    pads[along], pads[rank + along] = begin, end
    wide = x.pad(pads, float(np.finfo(x.dtype).min))
    takes = []
    rest = g
    for tap in range(kernel - 1):
        reached = wide.slice(along, tap, tap + (count - 1) * stride + 1, stride)
        take = rest * x.emit("Equal", reached, y).cast(g.dtype)
        takes.append(take)
        rest = rest - take
    takes.append(rest)
    steps = count + len(takes[::stride]) - 1
    parts = [_shifted_sum(takes[r::stride], rank, along, count, steps) for r in range(min(stride, kernel))]
    placed = _interleaved(parts, stride, rank, along, steps, behind)
    pads[along], pads[rank + along] = -begin, length + begin - steps * stride
    return placed.pad(pads)


def _interleaved(parts: list[Value], stride: int, rank: int, axis: int, steps: int, behind: tuple[int, ...]) -> Value:
    """Parts dealt out in turn along an axis, `steps` rounds of `stride`; zeros where there are fewer parts."""
    if stride == 1:
        return parts[0]
    dealt = [part.unsqueeze([axis + 1]) for part in parts]
    pads = [0] * (2 * rank + 2)
    pads[rank + 1 + axis + 1] = stride - len(parts)
    together = parts[0].emit.concat(dealt, axis + 1).pad(pads)
    return together.reshape([0] * axis + [steps * stride, *behind])


def _shifted_sum(takes: list[Value], rank: int, axis: int, count: int, steps: int) -> Value:
    """Sum of parts of length `count`, each one position further along than the one before, `steps` long."""
    total: Value | None = None
    for shift, take in enumerate(takes):
        pads = [0] * (2 * rank)
        pads[axis], pads[rank + axis] = shift, steps - count - shift
        moved = take.pad(pads)
        total = moved if total is None else total + moved
    assert total is not None
    return total


def by_indices(op: Op, g: Value, window: Window, index: int) -> Value:
    """For any rank, the gradient of input `index`, which is pooled: a second pool gives the winners' flat positions, to which the
    gradients are added.

    The forward pool is not asked for them: it would leave the blocked layout and take 25 times as long.
    """
    emit = op.emit
    x, shape, out = _real(op.x(index)), op.shape(index), op.out_shape()
    length, out_length = math.prod(shape), math.prod(out)
    if min(pool_pads(op)) < 0:
        raise Unsupported("onnxruntime pads it by negative numbers, to have the same length")
    attrs = {name: op.attrs[name] for name in ("kernel_shape", "strides", "dilations")}
    _, winners = emit.many(
        "MaxPool", [x], (None, "int64"), pads=pool_pads(op), ceil_mode=op.attrs.get("ceil_mode", 0), **attrs
    )
    reached = _reached(window)
    if not reached.all():  # dilated windows whose taps all lie in the padding have no maximum
        g = g * emit.constant(reached.astype(g.dtype)[None, None])
    return scatter_add(g, winners, out_length, length).reshape(op.like(index))


def _reached(window: Window) -> np.ndarray:
    """Whether any tap of each window lies within the image, of shape `out_length`."""
    reached = np.ones((), bool)
    for axis in range(window.rank):
        starts = np.arange(window.out_length[axis]) * window.stride[axis] - window.begin[axis]
        taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]
        reached = reached[..., None] & ((taps >= 0) & (taps < window.length[axis])).any(axis=1)
    return reached


def scatter_add(g: Value, positions: Value, count: int, length: int) -> Value:
    """Rows of `length` zeros to which `count` gradients each are added at flat positions: (lanes, length)."""
    emit = g.emit
    flat = g.reshape([-1, count])
    rows = emit.shape_of(flat)
    lanes = rows.slice(0, 0, 1)
    zeros = emit("Expand", emit.scalar(0.0, g.dtype), emit.concat([lanes, emit.ints([length])], 0))
    places = emit("Expand", positions.reshape([1, count]), rows)
    return emit("ScatterElements", zeros, places, flat, axis=1, reduction="add")


@rule("MaxUnpool")
def max_unpool(op: Op, g: Value) -> Gradients:
    """Each value's gradient is read from where it was put."""
    count, total = math.prod(op.shape()), math.prod(op.out_shape())
    if op.lane() is not None:
        raise Unsupported("it writes to computed positions for several seeds at once")
    picked = op.emit("Gather", g.reshape([total]), op.x(1).reshape([count]), axis=0)
    return [picked.reshape(op.shape()), *[ZERO] * (len(op.node.inputs) - 1)]

"""Interpolation at computed positions: GridSample and DeformConv, with respect to the image and to the positions.

A sample is a sum over taps, products of one per axis: x[index] * weight. The image's gradient adds g * weight to index; that of
a coordinate is the sum of g * x[index] * (the slope of the weight). Tensors are (N, groups, channels, samples), and coordinates
(N, groups, 1, samples), so that the channels of a group share them and any number of seeds fits on the first axis.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.placing import add_elements
from rfonnx.gradients.rules.shared import not_below
from rfonnx.gradients.values import Value


@dataclass(frozen=True, slots=True)
class Tap:
    """One position along one axis: its index (int64), its weight, and the weight's slope along the coordinate (None: 0)."""

    index: Value
    weight: Value
    slope: Value | None


def taps(at: Value, length: int, mode: str, padding: str, align_corners: bool) -> list[Tap]:
    """The taps of coordinates along an axis of the image, counted in pixels from the centre of the first."""
    emit = at.emit
    if mode == "nearest":
        return [_padded(emit("Round", at), None, None, length, padding, align_corners)]
    low = emit("Floor", at)
    t = at - low
    if mode == "linear":
        one = emit.scalar(1.0, at.dtype)
        return [
            _padded(low, 1.0 - t, -one, length, padding, align_corners),
            _padded(low + 1.0, t, one, length, padding, align_corners),
        ]
    return [
        _padded(low - 1.0, _far(t + 1.0), _far_slope(t + 1.0), length, padding, align_corners),
        _padded(low, _near(t), _near_slope(t), length, padding, align_corners),
        _padded(low + 1.0, _near(1.0 - t), -_near_slope(1.0 - t), length, padding, align_corners),
        _padded(low + 2.0, _far(2.0 - t), -_far_slope(2.0 - t), length, padding, align_corners),
    ]


_A = -0.75
"""Keys' cubic kernel, as GridSample fixes it: (a+2)d^3 - (a+3)d^2 + 1 up to distance 1, a(d^3 - 5d^2 + 8d - 4) up to 2."""


def _near(d: Value) -> Value:
    return (d * (_A + 2) - (_A + 3)) * d * d + 1.0


def _near_slope(d: Value) -> Value:
    return (d * (3 * (_A + 2)) - 2 * (_A + 3)) * d


def _far(d: Value) -> Value:
    return ((d - 5.0) * d + 8.0) * d * _A - 4 * _A


def _far_slope(d: Value) -> Value:
    return ((d * 3.0 - 10.0) * d + 8.0) * _A


def _padded(
    index: Value, weight: Value | None, slope: Value | None, length: int, padding: str, align_corners: bool
) -> Tap:
    """What lies beyond the border: zeros, the border itself, or the mirror image."""
    emit = index.emit
    zero, last = emit.scalar(0.0, index.dtype), emit.scalar(float(length - 1), index.dtype)
    if padding == "zeros":
        inside = not_below(index, zero) * not_below(last, index)
        weight = inside if weight is None else weight * inside
        slope = None if slope is None else slope * inside
    elif padding == "reflection":
        period = 2.0 * (length - 1) if align_corners else 2.0 * length
        if period:
            index = index - emit("Floor", index / period) * period
            index = emit("Min", index, (period if align_corners else period - 1.0) - index)
    clipped = emit("Min", emit("Max", index, zero), last)
    return Tap(clipped.cast("int64"), zero + 1.0 if weight is None else weight, slope)


class Sampler:
    """All taps of all samples of an image."""

    def __init__(self, axes: Sequence[list[Tap]], lengths: Sequence[int]) -> None:
        self._axes = axes
        self._size = math.prod(lengths)
        self._strides = [math.prod(lengths[a + 1 :]) for a in range(len(lengths))]

    def _corners(self) -> list[tuple[Value, list[Tap]]]:
        """Flat index and the taps of every combination."""
        corners = []
        for combination in itertools.product(*self._axes):
            parts = [
                tap.index if stride == 1 else tap.index * tap.index.emit.scalar(stride, "int64")
                for tap, stride in zip(combination, self._strides, strict=True)
            ]
            corners.append((reduce(lambda a, b: a + b, parts), list(combination)))
        return corners

    def image_gradient(self, g: Value) -> Value:
        """(N, groups, channels, size) from the samples' gradient (N, groups, channels, samples)."""
        emit = g.emit
        shape = emit.shape_of(g)
        indices, updates = [], []
        for index, combination in self._corners():
            indices.append(emit("Expand", index, shape))
            updates.append(g * reduce(mul, (tap.weight for tap in combination)))
        return add_elements(emit.concat(updates, 3), 3, emit.concat(indices, 3), 4, self._size)

    def read(self, flat: Value, index: Value) -> Value:
        """The image (N, groups, channels, size) at flat indices (N, groups, 1, samples)."""
        emit = flat.emit
        shape, samples = emit.shape_of(flat), emit.shape_of(index)
        wide = emit("Expand", index, emit.concat([shape.slice(0, 0, 3), samples.slice(0, 3, 4)], 0))
        return emit("GatherElements", flat, wide, axis=3)

    def sample(self, flat: Value) -> Value:
        """The samples themselves."""
        parts = [
            self.read(flat, index) * reduce(mul, (tap.weight for tap in combination))
            for index, combination in self._corners()
        ]
        return reduce(lambda a, b: a + b, parts)

    def coordinate_gradients(self, g: Value, flat: Value) -> list[Value | None]:
        """Per axis (N, groups, 1, samples); None where the weights do not move with the coordinate (nearest)."""
        totals: list[Value | None] = [None] * len(self._axes)
        for index, combination in self._corners():
            share = (g * self.read(flat, index)).sum([2])
            for axis, tap in enumerate(combination):
                if tap.slope is None:
                    continue
                others = [t.weight for a, t in enumerate(combination) if a != axis]
                part = share * reduce(mul, others, tap.slope)
                total = totals[axis]
                totals[axis] = part if total is None else total + part
        return totals


@rule("GridSample")
def grid_sample(op: Op, g: Value) -> Gradients:
    """Grid entries run from -1 to 1, last axis first: pixel = ((v + 1) L - 1) / 2, or (v + 1)(L - 1) / 2 with align_corners."""
    lengths, channels = op.shape()[2:], op.shape()[1]
    rank, corners = len(lengths), bool(op.attrs["align_corners"])
    samples = math.prod(op.shape(1)[1:-1])
    entries = op.x(1).reshape([op.shape(1)[0], 1, samples, rank])
    spreads = [(n - 1 if corners else n) / 2.0 for n in lengths]
    axes = []
    for axis, length in enumerate(lengths):
        entry = entries.slice(3, rank - 1 - axis, rank - axis).transpose([0, 1, 3, 2])
        at = (entry + 1.0) * spreads[axis] - (0.0 if corners else 0.5)
        axes.append(taps(at, length, op.attrs["mode"], op.attrs["padding_mode"], corners))
    sampler = Sampler(axes, lengths)
    flat_g = g.reshape([-1, 1, channels, samples])
    dx = sampler.image_gradient(flat_g).reshape([-1, channels, *lengths]) if op.needs(0) else None
    dgrid: Value | Zero | None = None
    if op.needs(1):
        flat = op.x(0).reshape([op.shape()[0], 1, channels, math.prod(lengths)])
        found = sampler.coordinate_gradients(flat_g, flat)
        moving = [(value, spread) for value, spread in zip(found, spreads, strict=True) if value is not None]
        columns = [(value * spread).transpose([0, 1, 3, 2]) for value, spread in reversed(moving)]
        dgrid = op.emit.concat(columns, 3).reshape([-1, *op.shape(1)[1:]]) if columns else ZERO
    return [dx, dgrid]


@rule("AffineGrid")
def affine_grid(op: Op, g: Value) -> Gradients:
    """grid = theta (base, 1): dtheta = g^T base. The base is the grid of the identity."""
    size = op.constant("size")
    rank = len(size) - 2
    eye = [[float(r == c) for c in range(rank + 1)] for r in range(rank)]
    emit = op.emit
    theta = emit.constant(np.array([eye], np.float32))
    base = emit("AffineGrid", theta, emit.ints([1, 1, *size[2:]]), align_corners=op.attrs["align_corners"]).cast(
        g.dtype
    )
    count = math.prod(size[2:])
    flat = base.reshape([1, count, rank])
    ones = emit.constant(np.ones((1, count, 1), g.dtype))
    flat_g = g.reshape([-1, count, rank]).transpose([0, 2, 1])
    return [flat_g @ emit.concat([flat, ones], 2), ZERO]


@rule("DeformConv")
def deform_conv(op: Op, g: Value) -> Gradients:
    """y[m,p] = sum over c, t of w[m,c,t] mask[t,p] x[c] at (p*stride - pad + t*dilation + offset[t,p]), zeros outside."""
    if op.needs(1):
        raise Unsupported("its weight depends on the input")
    shape, out, kernel = op.shape(), op.out_shape(), op.shape(1)[2:]
    rank, group, parts = len(kernel), op.attrs["group"], int(op.attrs.get("offset_group", 1))
    lengths, tap_count, count = shape[2:], math.prod(kernel), math.prod(out[2:])
    samples = tap_count * count
    outputs, per_group = op.shape(1)[0], op.shape(1)[1]
    # gradient of every sampled value, (N, offset groups, channels, taps * positions)
    weight = op.x(1).reshape([1, group, outputs // group, per_group * tap_count])
    columns = weight.transpose([0, 1, 3, 2]) @ g.reshape([-1, group, outputs // group, count])
    columns = columns.reshape([-1, parts, shape[1] // parts, samples])
    mask = op.x(4).reshape([op.shape(4)[0], parts, 1, samples]) if op.has(4) else None
    sampler = Sampler(_deformed(op, parts, kernel, lengths, out[2:]), lengths)
    weighted = columns if mask is None else columns * mask
    made: list[Value | Zero | None] = [None] * len(op.node.inputs)
    if op.needs(0):
        made[0] = sampler.image_gradient(weighted).reshape([-1, *shape[1:]])
    flat = op.x(0).reshape([shape[0], parts, shape[1] // parts, math.prod(lengths)])
    if op.needs(2):
        found = [v for v in sampler.coordinate_gradients(weighted, flat) if v is not None]
        by_axis = [v.reshape([-1, parts, tap_count, 1, count]) for v in found]
        made[2] = op.emit.concat(by_axis, 3).reshape([-1, parts * tap_count * rank, *out[2:]])
    if op.needs(3):
        made[3] = g.sum([0, *range(2, 2 + rank)], keepdims=False)
    if op.needs(4):
        made[4] = (columns * sampler.sample(flat)).sum([2]).reshape([-1, parts * tap_count, *out[2:]])
    return made


def _deformed(
    op: Op, parts: int, kernel: tuple[int, ...], lengths: tuple[int, ...], out: tuple[int, ...]
) -> list[list[Tap]]:
    """Taps of every axis: where a regular convolution samples, plus the offsets (N, parts * taps * rank, *out)."""
    rank, tap_count, count = len(kernel), math.prod(kernel), math.prod(out)
    offsets = op.x(2).reshape([op.shape(2)[0], parts, tap_count, rank, count])
    at_tap = np.indices(kernel).reshape(rank, tap_count, 1)
    at_place = np.indices(out).reshape(rank, 1, count)
    axes = []
    for axis in range(rank):
        stride, dilation, pad = op.attrs["strides"][axis], op.attrs["dilations"][axis], op.attrs["pads"][axis]
        regular = (at_place[axis] * stride - pad + at_tap[axis] * dilation).astype(offsets.dtype)
        moved = offsets.slice(3, axis, axis + 1).squeeze([3]) + op.emit.constant(regular[None, None])
        flat = moved.reshape([-1, parts, 1, tap_count * count])
        axes.append(taps(flat, lengths[axis], "linear", "zeros", align_corners=False))
    return axes

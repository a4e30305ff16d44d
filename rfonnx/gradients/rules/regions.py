"""Regions of an image, averaged on a grid of samples: RoiAlign (He et al. 2017, Mask R-CNN)."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("RoiAlign")
def roi_align(op: Op, g: Value) -> Gradients:
    """y[r,c] = A[r] x[b(r),c] B[r]^T: bilinear weights are products of one per axis, and so are their means over a grid.

    dx[b,c] = sum over the regions r of image b of A[r]^T g[r,c] B[r].
    """
    if op.attrs["mode"] != "avg":
        raise Unsupported(f"its mode is '{op.attrs['mode']}'")
    if op.needs(1):
        raise Unsupported("its regions depend on the input")
    emit, (batch, channels, height, width) = op.emit, op.shape()
    regions, _, rows, columns = op.out_shape()
    down, across = _weights(op, 1, height, rows, g.dtype), _weights(op, 0, width, columns, g.dtype)
    # (regions, channels, rows, width) -> (1, channels, regions * rows, width)
    widened = (g @ across).transpose([1, 0, 2, 3]).reshape([1, channels, regions * rows, width])
    # each image takes the rows of its own regions: (batch, 1, height, regions * rows)
    image = emit.constant(np.arange(batch, dtype=np.int64).reshape(batch, 1, 1, 1))
    own = emit("Equal", op.x(2).cast("int64").reshape([1, regions, 1, 1]), image).cast(g.dtype)
    placed = (down.reshape([1, regions, rows, height]) * own).reshape([batch, 1, regions * rows, height])
    return [placed.transpose([0, 1, 3, 2]) @ widened, ZERO, ZERO]


def _weights(op: Op, axis: int, length: int, count: int, dtype: str) -> Value:
    """How much of each position along an axis of the image (0 across, 1 down) is in each of `count` bins: (regions, 1, count,
    length)."""
    attrs, emit = op.attrs, op.emit
    half = attrs["coordinate_transformation_mode"] == "half_pixel"
    boxes = op.x(1).cast(dtype) * float(attrs["spatial_scale"])
    start, end = (boxes.slice(1, i, i + 1).reshape([-1, 1, 1]) - (0.5 if half else 0.0) for i in (axis, axis + 2))
    extent = end - start if half else emit("Max", end - start, emit.scalar(1.0, dtype))
    samples, at, mask = _grid(op, axis, count, half)
    # (regions, count * samples, 1); samples beyond a region's own are masked
    place = start + extent * emit.constant(at.astype(dtype))
    outside = emit(
        "Or", emit("Less", place, emit.scalar(-1.0, dtype)), emit("Greater", place, emit.scalar(length, dtype))
    )
    inside = emit("Not", outside).cast(dtype) * emit.constant(mask.astype(dtype))
    held = emit("Min", emit("Max", place, emit.scalar(0.0, dtype)), emit.scalar(length - 1.0, dtype))
    positions = emit.constant(np.arange(length).astype(dtype).reshape(1, 1, -1))
    hat = emit("Max", 1.0 - emit("Abs", held - positions), emit.scalar(0.0, dtype)) * inside
    return hat.reshape([-1, count, samples, length]).sum([2], keepdims=False).unsqueeze([1])


def _grid(op: Op, axis: int, count: int, half: bool) -> tuple[int, np.ndarray, np.ndarray]:
    """Samples per bin; where they lie, as shares of a region's extent; their weights. Both (regions or 1, count * samples, 1)."""
    ratio = int(op.attrs["sampling_ratio"])
    boxes = op.value(1)
    if ratio <= 0 and boxes is None:
        raise Unsupported("its sampling_ratio is 0: the number of samples depends on regions that are computed")
    if ratio > 0:
        numbers = np.array([ratio])
    else:
        assert boxes is not None
        extent = (boxes[:, axis + 2] - boxes[:, axis]).astype(np.float32) * np.float32(op.attrs["spatial_scale"])
        numbers = np.ceil((extent if half else np.maximum(extent, 1)) / count).astype(int)
    most = max(int(numbers.max(initial=1)), 1)
    own = np.maximum(numbers, 1).reshape(-1, 1, 1)
    sample, bins = np.arange(most).reshape(1, 1, -1), np.arange(count).reshape(1, -1, 1)
    at = (bins + (sample + 0.5) / own) / count
    mask = np.broadcast_to((sample < numbers.reshape(-1, 1, 1)) / own, at.shape)
    shape = (len(own), count * most, 1)
    return most, at.reshape(shape), mask.reshape(shape)

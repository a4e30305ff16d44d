"""Resampling on a grid: resizing is linear and separable, so its adjoint is a matrix per axis."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.placing import apply_matrix
from rfonnx.gradients.values import Value

_PASSED = (
    "mode",
    "coordinate_transformation_mode",
    "nearest_mode",
    "cubic_coeff_a",
    "exclude_outside",
    "antialias",
)


@rule("Resize")
def resize(op: Op, g: Value) -> Gradients:
    """Nearest by whole factors: sums over blocks. Otherwise each axis' matrix, which the Resize of an identity gives."""
    shape, out = op.shape(), op.out_shape()
    if shape == out:  # onnxruntime copies, whatever the scales say
        return [g, *[ZERO] * (len(op.node.inputs) - 1)]
    scales, roi = op.constant("scales"), op.constant("roi")
    rank = len(shape)
    # a scale need not be what the lengths say: 2.3 times 3 positions are 6
    factors = [
        o // n if n and abs(o - n * s) < 1e-5 * o and o % n == 0 else 0
        for n, o, s in zip(shape, out, scales, strict=True)
    ]
    if rank > 2 and factors[:2] == [1, 1] and all(_repeats(op, a, factors[a]) for a in range(2, rank)):
        kernel = factors[2:]
        dx = op.emit("AveragePool", g, kernel_shape=kernel, strides=kernel) * float(math.prod(kernel))
        return [dx, *[ZERO] * (len(op.node.inputs) - 1)]
    if _doubles_linearly(op, factors):
        return [_halved(g, op.shape()[1], factors), *[ZERO] * (len(op.node.inputs) - 1)]
    for axis in range(rank):
        cropped = op.attrs["coordinate_transformation_mode"] == "tf_crop_and_resize" and roi[axis::rank] != [0.0, 1.0]
        if scales[axis] != 1.0 or cropped or shape[axis] != out[axis]:
            g = apply_matrix(g, rank, axis, _matrix(op, axis))
    return [g, *[ZERO] * (len(op.node.inputs) - 1)]


def _matrix(op: Op, axis: int) -> Value:
    """(length, out_length): how much of each position is in each result. The runtime itself computes it when it loads."""
    emit, attrs = op.emit, op.attrs
    rank, length, out_length = len(op.shape()), op.shape()[axis], op.out_shape()[axis]
    scale, dtype = attrs["scales"][axis], op.precision()
    # rows of the identity as channels of an image; one that keeps its length would be copied, if it did not grow in height
    height = 2 if length == out_length else 1
    identity = emit.constant(np.eye(length, dtype=dtype).reshape(1, length, 1, length))
    passed = {name: attrs[name] for name in _PASSED if name != "antialias" or attrs[name]}
    if passed["nearest_mode"] == "simple":  # opset 10 and before; see rfonnx.operators.resize
        passed["nearest_mode"] = "floor" if scale >= 1 else "ceil"
    roi = None
    if attrs["coordinate_transformation_mode"] == "tf_crop_and_resize":
        starts, ends = attrs["roi"][axis], attrs["roi"][rank + axis]
        roi = emit.constant(np.array([0, 0, 0, starts, 1, 1, 1, ends], dtype))
    sizes_given = not op.has(2) or (op.value(2) is not None and op.shape(2) == (0,))
    if sizes_given and attrs["keep_aspect_ratio_policy"] == "stretch":
        made = emit("Resize", identity, roi, None, emit.ints([1, length, height, out_length]), **passed)
    elif math.floor(length * scale) == out_length:
        made = emit("Resize", identity, roi, emit.constant(np.array([1, 1, height, scale], np.float32)), **passed)
    else:
        raise Unsupported(f"its scale {scale} does not give the length {out_length} of axis {axis}")
    return made.slice(2, 0, 1).reshape([length, out_length])


def _repeats(op: Op, axis: int, factor: int) -> bool:
    """Whether a nearest Resize repeats every position `factor` times."""
    attrs = op.attrs
    if attrs["mode"] != "nearest" or factor < 1 or attrs["coordinate_transformation_mode"] == "tf_crop_and_resize":
        return False
    if factor == 1:
        return True
    length = op.shape()[axis]
    o = np.arange(length * factor, dtype=np.float64)
    transformation = attrs["coordinate_transformation_mode"]
    if transformation in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel"):
        at = (o + 0.5) / factor - 0.5
    elif transformation == "asymmetric":
        at = o / factor
    else:
        return False
    rounded = {
        "round_prefer_floor": np.ceil(at - 0.5),
        "round_prefer_ceil": np.floor(at + 0.5),
        "ceil": np.ceil(at),
    }.get(attrs["nearest_mode"], np.floor(at))
    return bool((rounded.clip(0, length - 1) == o // factor).all())


def _doubles_linearly(op: Op, factors: list[int]) -> bool:
    """Whether it is a linear Resize of an image to twice its height or width or both, as most decoders have it."""
    attrs = op.attrs
    halves = attrs["coordinate_transformation_mode"] in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel")
    twice = len(factors) == 4 and factors[:2] == [1, 1] and set(factors[2:]) in ({2}, {1, 2})
    return attrs["mode"] == "linear" and halves and twice and not attrs["exclude_outside"]


def _halved(g: Value, channels: int, factors: list[int]) -> Value:
    """The adjoint of doubling: out[2i] = (x[i-1] + 3 x[i])/4 and out[2i+1] = (3 x[i] + x[i+1])/4, with x repeated at the ends.

    A convolution of stride 2 with (1, 3, 3, 1)/4. Repeating g at the ends makes up for the weights that x's ends gain.
    """
    kernel = np.ones((1, 1, 1, 1), g.dtype)
    pads = [0] * 8
    for axis in (2, 3):
        if factors[axis] == 2:
            kernel = kernel * np.array([0.25, 0.75, 0.75, 0.25], g.dtype).reshape(
                [-1 if a == axis else 1 for a in range(4)]
            )
            pads[axis] = pads[4 + axis] = 1
    wide = g.emit("Pad", g, g.emit.ints(pads), mode="edge")
    weight = g.emit.constant(np.tile(kernel, (channels, 1, 1, 1)))
    return g.emit("Conv", wide, weight, kernel_shape=list(kernel.shape[2:]), strides=factors[2:], group=channels)


@rule("CenterCropPad")
def center_crop_pad(op: Op, g: Value) -> Gradients:
    """The opposite: cropped where it was padded. Odd differences put the extra position at the end, as the operator does."""
    shape, out = op.shape(), op.out_shape()
    rank = len(shape)
    pads = [0] * (2 * rank)
    for axis, (n, m) in enumerate(zip(shape, out, strict=True)):
        front = (m - n) // 2 if m >= n else -((n - m) // 2)
        pads[axis], pads[rank + axis] = -front, n - m + front
    return [g.pad(pads), ZERO]

"""Where a resized axis samples: the coordinate of each output position on the input axis.

A coordinate transformation is affine, `c(o) = slope*o + offset`, so it is kept as two exact fractions; onnxruntime's float32
version of it stands beside.
Formulas: the Resize specification, and onnxruntime's upsamplebase.h where that leaves a choice.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from rfonnx.system.named import NamedTuple

Ints = np.ndarray
MAX_EXACT = 2**61
MAX_PYTHON_INTEGERS = 2**14
"""Longest axis for which fractions beyond 64 bits are worked out."""
MAX_COORDINATE = 2.0**42


class Resized(NamedTuple):
    """How one axis is resized.

    Attributes:
        axis: which one.
        length, out_length: of the axis before and after.
        scale: out/in as onnxruntime holds it, a float32 value.
        copied: onnxruntime copies the whole tensor when no axis changes its length, and antialiased axes that keep theirs,
            whatever the coordinates say.
        extrapolated: onnxruntime writes the extrapolation value where coordinates lie beyond the axis.
        roi: start and end of the crop, for tf_crop_and_resize.
        mode, transformation, nearest_mode, cubic_coeff_a, antialias: as in the canonical Resize.
    """

    axis: int
    length: int
    out_length: int
    scale: float
    copied: bool
    extrapolated: bool
    roi: tuple[float, float]
    mode: str
    transformation: str
    nearest_mode: str
    cubic_coeff_a: float
    antialias: bool


def ratio(axis: Resized) -> Fraction:
    """The scale that was meant: out/in, or a short decimal, when its float32 is the one given."""
    for meant in (Fraction(axis.out_length, axis.length), Fraction(axis.scale).limit_denominator(1000)):
        if meant > 0 and float(np.float32(meant.numerator / meant.denominator)) == axis.scale:
            return meant
    close = Fraction(axis.scale).limit_denominator(2**20)
    return close if close > 0 else Fraction(axis.scale)


def line(axis: Resized, scale: Fraction) -> tuple[Fraction, Fraction]:
    """slope and offset of the coordinate, by the specification."""
    n, m, half = axis.length, axis.out_length, Fraction(1, 2)
    how = axis.transformation
    if how == "align_corners":
        return (Fraction(n - 1, m - 1) if m > 1 else Fraction(0)), Fraction(0)
    if how == "asymmetric":
        return 1 / scale, Fraction(0)
    if how == "tf_half_pixel_for_nn":
        return 1 / scale, half / scale
    if how == "pytorch_half_pixel" and m == 1:
        return Fraction(0), Fraction(0)
    if how == "tf_crop_and_resize":
        start, end = (Fraction(v).limit_denominator(2**16) for v in axis.roi)
        if m > 1:
            return (end - start) * Fraction(n - 1, m - 1), start * (n - 1)
        return Fraction(0), half * (start + end) * (n - 1)
    middle = half / scale - half
    if how == "half_pixel_symmetric":
        middle += Fraction(n, 2) - Fraction(m, 2) / scale
    return 1 / scale, middle


def nearby(axis: Resized, offset: Fraction) -> tuple[Fraction, ...]:
    """Offsets to try beside the exact one: a crop box that float32 cannot hold lies a little off, nobody knows to which side."""
    if axis.transformation != "tf_crop_and_resize" or all(Fraction(v).denominator <= 2**16 for v in axis.roi):
        return ()
    little = Fraction(math.ceil(axis.length * max(1.0, *(abs(v) for v in axis.roi))), 2**21)
    return offset - little, offset + little


def coordinates32(axis: Resized) -> np.ndarray:
    """The coordinate as onnxruntime computes it, in float32.

    Raises:
        OverflowError: it is beyond any axis.
    """
    with np.errstate(all="ignore"):
        coordinate = _formula32(axis)
    if not (np.abs(coordinate) < MAX_COORDINATE).all():
        raise OverflowError
    return coordinate


def _formula32(axis: Resized) -> np.ndarray:
    f = np.float32
    x = np.arange(axis.out_length, dtype=f)
    n, m, scale = f(axis.length), f(axis.out_length), f(axis.scale)
    half, one = f(0.5), f(1)
    how = axis.transformation
    if axis.copied or axis.scale == 1:
        return x
    if how == "align_corners":
        return x * (n - one) / (m - one) if m > 1 else x * f(0)
    if how == "asymmetric":
        return x / scale
    if how == "tf_half_pixel_for_nn":
        return (x + half) / scale
    if how == "pytorch_half_pixel" and m == 1:
        return x * f(0)
    if how == "tf_crop_and_resize":
        start, end = f(axis.roi[0]), f(axis.roi[1])
        if m > 1:
            return start * (n - one) + (x * (end - start) * (n - one)) / (m - one)
        return x + half * (start + end) * (n - one)
    if how == "half_pixel_symmetric":
        offset = n / f(2) * (one - m / (scale * n))
        return (np.float64(offset) + (x.astype(np.float64) + 0.5) / np.float64(scale) - 0.5).astype(f)
    return (x + half) / scale - half


def parts(slope: Fraction, offset: Fraction, count: int) -> tuple[Ints, Ints, int]:
    """Whole part, remainder, and the denominator of the remainder, of `slope*o + offset` for o < count.

    Raises:
        OverflowError: the fractions are too large.
    """
    denominator = math.lcm(slope.denominator, offset.denominator)
    step = slope.numerator * (denominator // slope.denominator)
    start = offset.numerator * (denominator // offset.denominator)
    fits = (abs(step) * count + abs(start) + denominator) < MAX_EXACT
    if not fits and count > MAX_PYTHON_INTEGERS:
        raise OverflowError
    numerator = np.arange(count, dtype=np.int64 if fits else object) * step + start
    whole = numerator // denominator
    return whole.astype(np.int64), numerator - whole * denominator, denominator


def outside(axis: Resized, slope: Fraction, offset: Fraction) -> np.ndarray:
    """Positions that get the extrapolation value, by exact arithmetic."""
    if axis.transformation != "tf_crop_and_resize":
        return np.zeros(axis.out_length, bool)
    whole, rest, _ = parts(slope, offset, axis.out_length)
    beyond: np.ndarray = (whole < 0) | (whole > axis.length - 1) | ((whole == axis.length - 1) & (rest > 0))
    return beyond


def outside32(axis: Resized) -> np.ndarray:
    """The same in onnxruntime's float32."""
    if not axis.extrapolated:
        return np.zeros(axis.out_length, bool)
    coordinate = coordinates32(axis)
    return (coordinate < 0) | (coordinate > axis.length - 1)

"""Which positions a resized axis reads: coordinates and taps of Resize.

A coordinate transformation is affine, `c(o) = slope*o + offset`, so it is kept as two exact fractions. onnxruntime computes it in
float32 instead, and now and then rounds across a border between taps. Both are computed here; where they differ the
reads are joined and the result says so in `doubt`.
Formulas: the Resize specification, and onnxruntime's upsamplebase.h and upsample_antialias.h where that leaves a choice.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

Ints = np.ndarray
MAX_EXACT = 2**61
MAX_PYTHON_INTEGERS = 2**14
"""Longest axis for which fractions beyond 64 bits are worked out."""
MAX_COORDINATE = 2.0**42
IN_DOUBT = "float rounding decides at some positions which neighbour is read: both are counted"


class Taps(NamedTuple):
    """Reads of one resized axis, closed; arguments of a Select.

    Attributes:
        first, last: within the axis, at run time; `last < first` where an extrapolated position reads nothing.
        free_first, free_last, period, shift: the same without borders.
        doubt: why the reads are a superset, or "".
    """

    first: Ints
    last: Ints
    free_first: Ints
    free_last: Ints
    period: int
    shift: int
    doubt: str


@dataclass(frozen=True, slots=True)
class Resized:
    """How one axis is resized.

    Attributes:
        length, out_length: of the axis before and after.
        scale: out/in as onnxruntime holds it, a float32 value.
        copied: onnxruntime copies the whole tensor when no axis changes its length, whatever the coordinates say.
        roi: start and end of the crop, for tf_crop_and_resize.
        mode, transformation, nearest_mode, cubic_coeff_a, antialias: as in the canonical Resize.
    """

    length: int
    out_length: int
    scale: float
    copied: bool
    roi: tuple[float, float]
    mode: str
    transformation: str
    nearest_mode: str
    cubic_coeff_a: float
    antialias: bool


def taps(axis: Resized) -> Taps | None:
    """Taps of every output position, or None when the numbers are too large to be exact.

    >>> two = Resized(3, 6, 2.0, False, (0.0, 1.0), "linear", "half_pixel", "", -0.75, False)
    >>> t = taps(two)
    >>> t.first.tolist(), t.last.tolist(), t.free_first.tolist(), t.period, t.shift
    ([0, 0, 0, 1, 1, 2], [0, 1, 1, 2, 2, 2], [-1, 0, 0, 1, 1, 2], 2, 1)
    """
    try:
        return _taps(axis)
    except OverflowError:
        return None


def _taps(axis: Resized) -> Taps:
    scale = _ratio(axis)
    slope, offset = _line(axis, scale)
    period, shift = slope.denominator, slope.numerator
    windows = [(*_window(axis, scale, slope, at), _outside(axis, slope, at)) for at in (offset, *_nearby(axis, offset))]
    windows.append((*_window32(axis), _outside32(axis)))
    free_first, free_last, _ = windows[0]
    clamped = [_clamped(axis, *window) for window in windows]
    first, last = functools.reduce(_joined, clamped)
    doubt = ""
    if not all(_same(a[:2], windows[0][:2]) and _same(b, clamped[0]) for a, b in zip(windows, clamped, strict=True)):
        doubt = IN_DOUBT
        free_first = -_widest(-np.minimum.reduce([window[0] for window in windows]), period, -shift)
        free_last = _widest(np.maximum.reduce([window[1] for window in windows]), period, shift)
    elif _has_holes(axis, scale, slope, offset):
        doubt = "antialiased cubic weights vanish inside the window"
    if period > axis.out_length:
        period = shift = 0
    return Taps(first, last, free_first, free_last, period, shift, doubt)


def _ratio(axis: Resized) -> Fraction:
    """The scale that was meant: out/in, or a short decimal, when its float32 is the one given."""
    for meant in (Fraction(axis.out_length, axis.length), Fraction(axis.scale).limit_denominator(1000)):
        if meant > 0 and float(np.float32(meant.numerator / meant.denominator)) == axis.scale:
            return meant
    close = Fraction(axis.scale).limit_denominator(2**20)
    return close if close > 0 else Fraction(axis.scale)


def _line(axis: Resized, scale: Fraction) -> tuple[Fraction, Fraction]:
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


def _nearby(axis: Resized, offset: Fraction) -> tuple[Fraction, ...]:
    """Offsets to try beside the exact one: a crop box that float32 cannot hold lies a little off, nobody knows to which side."""
    if axis.transformation != "tf_crop_and_resize" or all(Fraction(v).denominator <= 2**16 for v in axis.roi):
        return ()
    little = Fraction(math.ceil(axis.length * max(1.0, *(abs(v) for v in axis.roi))), 2**21)
    return offset - little, offset + little


def _coordinates32(axis: Resized) -> np.ndarray:
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


def _parts(slope: Fraction, offset: Fraction, count: int) -> tuple[Ints, Ints, int]:
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


def _reach(axis: Resized) -> int:
    """Half the width of the interpolation kernel: taps lie within it, borders excluded."""
    return 2 if axis.mode == "cubic" and axis.cubic_coeff_a else 1


def _shrinks(axis: Resized) -> bool:
    return axis.antialias and axis.mode != "nearest" and axis.scale < 1


def _window(axis: Resized, scale: Fraction, slope: Fraction, offset: Fraction) -> tuple[Ints, Ints]:
    """First and last tap with a weight that is not zero, by exact arithmetic."""
    if _shrinks(axis):
        support = _reach(axis) / scale
        below, _, _ = _parts(slope, offset - support, axis.out_length)
        above, rest, _ = _parts(slope, offset + support, axis.out_length)
        return below + 1, above - (rest == 0)
    return _neighbours(axis, *_parts(slope, offset, axis.out_length))


def _window32(axis: Resized) -> tuple[Ints, Ints]:
    """The same in onnxruntime's float32."""
    coordinate = _coordinates32(axis)
    if not _shrinks(axis):
        wide = coordinate.astype(np.float64)
        whole = np.floor(wide)
        rest = wide - whole
        if leaves_residue(axis.mode, axis.cubic_coeff_a):
            rest = np.maximum(rest, 0.5)
        return _neighbours(axis, whole.astype(np.int64), rest, 1)
    half, one = np.float32(0.5), np.float32(1)
    stretch = one / np.float32(axis.scale)
    center, support = half + coordinate, np.float32(_reach(axis)) * stretch
    first = np.floor(center - support + half).astype(np.int64) - 1
    last = np.floor(center + support + half).astype(np.int64)
    limit, inverse = np.float32(_reach(axis)), one / stretch
    for _ in range(2):
        first += np.abs((first.astype(np.float32) - center + half) * inverse) >= limit
        last -= np.abs((last.astype(np.float32) - center + half) * inverse) >= limit
    return first, last


def leaves_residue(mode: str, cubic_coeff_a: float) -> bool:
    """True when float32 cubic weights that should vanish at whole coordinates come out as a little more than zero.

    >>> leaves_residue("cubic", -0.75), leaves_residue("cubic", -0.6)
    (False, True)
    """
    if mode != "cubic":
        return False
    a, one, two, five, eight, four = np.float32(cubic_coeff_a), *(np.float32(v) for v in (1, 2, 5, 8, 4))
    vanishing = [((a * x - five * a) * x + eight * a) * x - four * a for x in (one, two)]
    vanishing.append((a + two) - (a + two + one) + one)
    return any(vanishing)


def _has_holes(axis: Resized, scale: Fraction, slope: Fraction, offset: Fraction) -> bool:
    """True when a tap lies where the stretched cubic kernel is zero, one stretched step from its middle."""
    if not (_shrinks(axis) and _reach(axis) == 2):
        return False
    ahead, behind = (_parts(slope, offset + side / scale, axis.out_length)[1] for side in (1, -1))
    return bool((ahead == 0).any() or (behind == 0).any())


def _neighbours(axis: Resized, whole: Ints, rest: np.ndarray, denominator: int) -> tuple[Ints, Ints]:
    """Taps about the coordinate `whole + rest/denominator` without antialiasing."""
    if axis.mode == "nearest":
        how = axis.nearest_mode
        if how == "simple":
            how = "ceil" if axis.scale < 1 else "floor"
        up = {
            "floor": rest < 0,
            "ceil": rest > 0,
            "round_prefer_floor": 2 * rest > denominator,
            "round_prefer_ceil": 2 * rest >= denominator,
        }[how]
        return whole + up, whole + up
    between = (rest > 0).astype(np.int64)
    reach = _reach(axis)
    return whole - (reach - 1) * between, whole + reach * between


def _outside(axis: Resized, slope: Fraction, offset: Fraction) -> np.ndarray:
    """Positions that get the extrapolation value, by exact arithmetic."""
    if axis.transformation != "tf_crop_and_resize":
        return np.zeros(axis.out_length, bool)
    whole, rest, _ = _parts(slope, offset, axis.out_length)
    beyond: np.ndarray = (whole < 0) | (whole > axis.length - 1) | ((whole == axis.length - 1) & (rest > 0))
    return beyond


def _outside32(axis: Resized) -> np.ndarray:
    if axis.transformation != "tf_crop_and_resize":
        return np.zeros(axis.out_length, bool)
    coordinate = _coordinates32(axis)
    return (coordinate < 0) | (coordinate > axis.length - 1)


def _clamped(axis: Resized, first: Ints, last: Ints, outside: np.ndarray) -> tuple[Ints, Ints]:
    """Taps beyond the border read the border; extrapolated positions read nothing, which is written 0..-1."""
    top = axis.length - 1
    return np.where(outside, 0, np.clip(first, 0, top)), np.where(outside, -1, np.clip(last, 0, top))


def _joined(a: tuple[Ints, Ints], b: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Hull of two reads per position."""
    a_empty, b_empty = a[1] < a[0], b[1] < b[0]
    first = np.where(a_empty, b[0], np.where(b_empty, a[0], np.minimum(a[0], b[0])))
    last = np.where(a_empty, b[1], np.where(b_empty, a[1], np.maximum(a[1], b[1])))
    return first, last


def _same(a: tuple[Ints, Ints], b: tuple[Ints, Ints]) -> bool:
    return bool(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]))


def _widest(values: Ints, period: int, shift: int) -> Ints:
    """The least sequence above `values` that repeats, moved by shift, after each period."""
    count = len(values)
    turns = np.arange(count, dtype=np.int64) // period
    phase = np.arange(count, dtype=np.int64) % period
    base = np.full(min(period, count), np.iinfo(np.int64).min, np.int64)
    np.maximum.at(base, phase, values - turns * shift)
    result: Ints = base[phase] + turns * shift
    return result

"""Which positions a resized axis reads: the taps of Resize with a weight that is not zero.

onnxruntime computes coordinates in float32, and now and then rounds across a border between taps. Exact and rounded taps are
both computed; where they differ the reads are joined, and the result says so in `doubt`.
Formulas: the Resize specification, and onnxruntime's upsample_antialias.h where that leaves a choice.
"""

from __future__ import annotations

import functools
from fractions import Fraction

import numpy as np

from rfonnx.operators.access.coordinates import (
    Ints,
    Resized,
    coordinates32,
    line,
    nearby,
    outside,
    outside32,
    parts,
    ratio,
)
from rfonnx.operators.access.primitives import Select

IN_DOUBT = "float rounding decides at some positions which neighbour is read: both are counted"

LOST = 1e-3
"""Squared, this is what float32 loses of numbers about 8, as cubic weights are made of."""


def taps(axis: Resized) -> tuple[Select, str] | None:
    """Taps of every output position, and why they are a superset, or ""; None when the numbers are too large to be exact.

    An extrapolated position reads nothing.

    >>> two = Resized(2, 3, 6, 2.0, False, False, (0.0, 1.0), "linear", "half_pixel", "", -0.75, False)
    >>> t, _ = taps(two)
    >>> t.first.tolist(), t.last.tolist(), t.free_first.tolist(), t.period, t.shift
    ([0, 0, 0, 1, 1, 2], [0, 1, 1, 2, 2, 2], [-1, 0, 0, 1, 1, 2], 2, 1)
    """
    try:
        return _taps(axis)
    except OverflowError:
        return None


def _taps(axis: Resized) -> tuple[Select, str]:
    scale = ratio(axis)
    slope, offset = line(axis, scale)
    period, shift = slope.denominator, slope.numerator
    windows = [(*_window(axis, scale, slope, at), outside(axis, slope, at)) for at in (offset, *nearby(axis, offset))]
    windows.append((*_window32(axis), outside32(axis)))
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
    elif _may_vanish(axis):
        doubt = "cubic weights next to a whole coordinate are so small that float rounding may make them zero"
    if period > axis.out_length:
        period = shift = 0
    return Select(axis.axis, first, last, 1, period, shift, free_first, free_last), doubt


def _reach(axis: Resized) -> int:
    """Half the width of the interpolation kernel: taps lie within it, borders excluded."""
    return 2 if axis.mode == "cubic" and axis.cubic_coeff_a else 1


def _shrinks(axis: Resized) -> bool:
    return axis.antialias and axis.mode != "nearest" and axis.scale < 1


def _window(axis: Resized, scale: Fraction, slope: Fraction, offset: Fraction) -> tuple[Ints, Ints]:
    """First and last tap with a weight that is not zero, by exact arithmetic."""
    if _shrinks(axis):
        support = _reach(axis) / scale
        below, _, _ = parts(slope, offset - support, axis.out_length)
        above, rest, _ = parts(slope, offset + support, axis.out_length)
        return below + 1, above - (rest == 0)
    return _neighbours(axis, *parts(slope, offset, axis.out_length))


def _window32(axis: Resized) -> tuple[Ints, Ints]:
    """The same in onnxruntime's float32."""
    coordinate = coordinates32(axis)
    if axis.copied or not _shrinks(axis):
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
    ahead, behind = (parts(slope, offset + side / scale, axis.out_length)[1] for side in (1, -1))
    return bool((ahead == 0).any() or (behind == 0).any())


def _may_vanish(axis: Resized) -> bool:
    """True when a coordinate is so near to a whole one that a cubic weight, which falls with the square, may be lost."""
    if axis.mode != "cubic":
        return False
    coordinate = coordinates32(axis).astype(np.float64)
    distance = np.abs(coordinate - np.round(coordinate))
    return bool(((distance > 0) & (distance < LOST)).any())


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

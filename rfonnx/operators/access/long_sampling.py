"""Taps of a Resize along a long axis, as runs made from fractions instead of a table.

Scaled by p/q, p outputs later q positions further on are read: the taps of a short axis of the same scale say those of all
outputs, where float32 holds every coordinate. It does so for scales that are powers of two, up to `HELD` positions. Beyond them,
and along an axis that is too long for a table, onnxruntime reads positions nearby: by how much farther they may lie is bounded,
and the taps are widened by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

import numpy as np

from rfonnx.operators.access.coordinates import Resized, line, ratio
from rfonnx.operators.access.primitives import Select, tables
from rfonnx.operators.access.runs import MOST_LAID_OUT, SHORTEST, Run, clipped, places, repeated
from rfonnx.operators.access.sampling import IN_DOUBT, taps
from rfonnx.system.named import NamedTuple

BY_SCALE = ("half_pixel", "asymmetric", "tf_half_pixel_for_nn", "pytorch_half_pixel")
"""Transformations for which the scale alone says where a position is read."""

HELD = 2**23
"""Up to so many positions on either side, x + 1/2 and its quotient by a power of two, less 1/2, are numbers of float32."""

ROUNDING = Fraction(1, 2**21)
"""What float32 may lose of a coordinate, of itself and 2: seven roundings of 2**-24 each, and room for one more. Those are of x,
x + 1/2, the scale, which itself is rounded from the lengths, and here to a short fraction, the quotient and the difference."""

MOST_TURNS = 2**10
"""Longest period of taps that is made from fractions."""


class Stretch(NamedTuple):
    """Outputs `begin .. end-1`, whose taps lie `margin` positions at most beside those that the specification says."""

    begin: int
    end: int
    margin: int


def long_taps(axis: Resized) -> tuple[Select, str] | None:
    """As `rfonnx.operators.access.sampling.taps`, without a look at each position; None where a table has to be made.

    >>> two = Resized(2, 2**11, 2**12, 2.0, False, False, (0.0, 1.0), "nearest", "asymmetric", "floor", -0.75, False)
    >>> t, doubt = long_taps(two)
    >>> t.first, t.period, t.shift, doubt
    (Runs([Run(length=4096, values=(0, 0), increments=(1, 1))]), 2, 1, '')
    """
    scale = _meant(axis)
    period, shift = scale.numerator, scale.denominator
    held = _power_of_two(scale) and max(axis.length, axis.out_length) <= HELD
    if axis.out_length < SHORTEST or not (held or axis.out_length > MOST_LAID_OUT):
        return None
    if axis.transformation not in BY_SCALE or axis.copied or max(period, shift) > MOST_TURNS:
        return None
    if not held and axis.antialias and scale < 1:
        return None
    # Turns enough for each residue to be read inside and beyond either border.
    found = taps(axis._replace(out_length=8 * period, length=8 * shift))
    read = tables(found[0]) if found else None
    if found is None or read is None or (held and found[1] == IN_DOUBT):
        return None
    stretches = [Stretch(0, axis.out_length, 0)] if held else list(_stretches(axis, scale))
    within: list[list[Run]] = []
    free: list[list[Run]] = []
    for values, side in ((read.free_first[:period], -1), (read.free_last[:period], 1)):
        within.append([])
        for begin, end, margin in stretches:
            moved = values + (begin // period * shift + side * margin)
            within[-1] += clipped(repeated(end - begin, moved, shift), axis.length - 1)
        free.append([repeated(axis.out_length, values + side * stretches[-1].margin, shift)])
    step = Select(
        axis.axis, places(*within[0]), places(*within[1]), 1, period, shift, places(*free[0]), places(*free[1])
    )
    return step, found[1] if held else IN_DOUBT


def _stretches(axis: Resized, scale: Fraction) -> Iterator[Stretch]:
    """Each of twice as many outputs as those before it, in whole turns."""
    slope, offset = line(axis, scale)
    begin, until = 0, min(HELD, int(HELD * scale)) // 2
    while begin < axis.out_length:
        end = min(axis.out_length, until // scale.numerator * scale.numerator)
        lost = ceil(ROUNDING * (slope * end + abs(offset) + 2)) + (axis.mode == "cubic")
        exact = begin == 0 and _power_of_two(scale)
        yield Stretch(begin, end, 0 if exact else lost)
        begin, until = end, 2 * until


def _meant(axis: Resized) -> Fraction:
    """The scale; where lengths that no table holds make no short fraction of it, the one that they are rounded from."""
    scale = ratio(axis)
    if max(scale.numerator, scale.denominator) <= MOST_TURNS or axis.out_length <= MOST_LAID_OUT:
        return scale
    short = Fraction(axis.scale).limit_denominator(1000)
    return short if short and float(np.float32(short.numerator / short.denominator)) == axis.scale else scale


def _power_of_two(scale: Fraction) -> bool:
    """Of such a scale the numerator or the denominator is 1, and the other one has a single bit."""
    both = scale.numerator * scale.denominator
    return min(scale.numerator, scale.denominator) == 1 and both & (both - 1) == 0

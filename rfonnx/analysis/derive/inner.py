"""Positions that no border reaches, along an axis that moves, and what of the input they see at most.

A position that reads padding, a clamped or mirrored position, or one that such a thing reaches, need not follow what moves. Each
function says which positions are left after an access step; they may be fewer than there are, never more.

Example: 32 positions, a window of 3 with stride 2 and pad 1 on both sides. Output o reads 2*o-1 .. 2*o+1, so 1..15 are inner (0
reads position -1), and o sees the input at 2*o-1 .. 2*o+1: slope 2, low -1, high 1.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np

from rfonnx.operators.access.primitives import Select, Spread, Tables, Window, tables_at
from rfonnx.system.named import NamedTuple

Number = int | Fraction


class Inner(NamedTuple):
    """Part of an axis, or of a factor of one.

    Attributes:
        first, last: the inner positions; `last < first`: there are none.
        low, high: position o, a real one or beyond the ends, sees input positions low + slope*o .. high + slope*o at most.
        slope: input positions per position; below 0 where the axis runs backwards.
        clear: first and last input position that no mirrored or clamped position shows once more.
    """

    first: int
    last: int
    low: Number
    high: Number
    slope: Number
    clear: tuple[int, int]

    def sources(self) -> tuple[int, int]:
        """Input positions whose content reaches inner positions only: what is there is seen whole, and not through a border."""
        first, last = self.first - 1, self.last + 1
        if self.slope < 0:
            first, last = last, first
        begin, end = floor(self.high + self.slope * first) + 1, ceil(self.low + self.slope * last) - 1
        return max(begin, self.clear[0]), min(end, self.clear[1])

    def moved(self, first: int, last: int, begin: Number, end: Number, slope: Number) -> Inner:
        """Other positions, which see `begin` and `end` further."""
        return Inner(first, last, self.low + begin, self.high + end, slope, self.clear)


def of_input(length: int) -> Inner:
    return Inner(0, length - 1, 0, 0, 1, (0, length - 1))


def met(a: Inner, b: Inner) -> Inner:
    """Where two paths meet that move alike."""
    clear = max(a.clear[0], b.clear[0]), min(a.clear[1], b.clear[1])
    return Inner(max(a.first, b.first), min(a.last, b.last), min(a.low, b.low), max(a.high, b.high), a.slope, clear)


def windowed(inner: Inner, step: Window) -> Inner:
    """Output o reads o*stride - pad + t*dilation."""
    reach = (step.kernel - 1) * step.dilation
    first, last = inner.first + step.pad, inner.last - reach + step.pad
    if step.stride < 0:
        first, last = last, first
    first, last = -(-first // step.stride), last // step.stride  # rounded up, and down
    begin, end = sorted((-inner.slope * step.pad, inner.slope * (reach - step.pad)))
    return inner.moved(max(first, 0), min(last, step.length - 1), begin, end, inner.slope * step.stride)


def spread(inner: Inner, step: Spread) -> Inner:
    """Output o reads every i with o = i*stride - pad + t*dilation."""
    reach = (step.kernel - 1) * step.dilation
    first = max((inner.first - 1) * step.stride + 1 - step.pad + reach, 0)
    last = min((inner.last + 1) * step.stride - 1 - step.pad, step.length - 1)
    slope = Fraction(inner.slope) / step.stride
    begin, end = sorted((slope * (step.pad - reach), slope * step.pad))
    return inner.moved(first, last, begin, end, slope)


def selected(inner: Inner, step: Select, advance: int) -> Inner:
    """Output o reads first[o] .. last[o]. `advance`: of the reads per position, where the table has no rule."""
    from rfonnx.analysis.derive.telling import told  # most nets have windows alone

    period, shift = (step.period, step.shift) if step.period else (1, advance)
    length = len(step.first)
    middle = length // 2 // period * period
    if middle + period > length:
        return inner.moved(0, -1, 0, 0, inner.slope)
    here = tables_at(step, np.arange(middle, middle + period))
    turned = middle // period * shift
    begins, ends = here.free_first - turned, here.free_last - turned
    usual = list(zip(begins.tolist(), ends.tolist(), strict=True))

    def by_rule(o: np.ndarray, read: Tables) -> np.ndarray:
        turns, place = np.divmod(o, period)
        first, last = begins[place] + turns * shift, ends[place] + turns * shift
        even: np.ndarray = (
            (read.free_first == first) & (read.free_last == last) & (read.first == first) & (read.last == last)
        )
        return even

    found = told(step, period, by_rule)
    if found is None:
        return inner.moved(0, -1, 0, 0, inner.slope)
    outside = found.outputs[~found.regular]
    before, after = outside[outside < middle], outside[outside >= middle]
    lowest, highest = int(before[-1]) + 1 if before.size else 0, int(after[0]) - 1 if after.size else length - 1
    rate = Fraction(shift, period)
    offsets = [Fraction(0)]
    for at, (begin, end) in enumerate(usual):
        if begin <= end:  # the last turn in which less than the first inner position is read, and the first with more
            less, more = Fraction(inner.first - begin, shift), Fraction(inner.last - end, shift)
            if shift < 0:
                less, more = more, less
            lowest = max(lowest, (ceil(less) - 1) * period + at + 1)
            highest = min(highest, (floor(more) + 1) * period + at - 1)
            offsets += [inner.slope * (end - rate * at) for end in (begin, end)]
    offsets = offsets[1:] or offsets
    moved = inner.moved(lowest, highest, min(offsets), max(offsets), inner.slope * rate)
    first, last = found.read.first, found.read.last
    twice = ~found.regular & (first <= last)
    return moved._replace(clear=_shown_once(inner, first[twice], last[twice]))


def _shown_once(inner: Inner, first: np.ndarray, last: np.ndarray) -> tuple[int, int]:
    """What is left clear when positions read `first` .. `last` out of turn: what those see is given up, with the end it is at."""
    begin, end = inner.clear
    seen = float(inner.low + inner.high) / 2 + float(inner.slope) * (first + last) / 2
    early = seen < (begin + end) / 2
    for here in (early, ~early):
        if here.any():
            low, high = sorted((inner.slope * int(first[here].min()), inner.slope * int(last[here].max())))
            if here is early:
                begin = max(begin, floor(inner.high + high) + 1)
            else:
                end = min(end, ceil(inner.low + low) - 1)
    return begin, end


def blocks(inner: Inner, size: int) -> Inner:
    """Position o stands for size*o .. size*o + size - 1."""
    begin, end = sorted((0, inner.slope * (size - 1)))
    first, last = -(-inner.first // size), (inner.last + 1) // size - 1
    return inner.moved(first, last, begin, end, inner.slope * size)


def laid_out(inner: Inner, size: int) -> Inner:
    """Position o stands for o // size."""
    slope = Fraction(inner.slope) / size
    begin, end = sorted((Fraction(0), -slope * (size - 1)))
    last = inner.last * size + size - 1
    return inner.moved(inner.first * size, last, begin, end, slope)

"""Positions along one axis as stretches with a period: as many values as differ, however many positions there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rfonnx.errors import ShapeError
from rfonnx.results.array_types import Int64
from rfonnx.system.named import NamedTuple

MOST_SLOTS = 2**22
"""Values along one axis: where positions of several sides meet so that more differ, they are not told apart."""


class Span(NamedTuple):
    """Positions in a row, of which each sees the value of the one a period before it.

    Attributes:
        first: the first position.
        length: how many there are.
        period: how many values there are, at most `length`: position `first + k` has value `k % period`.
    """

    first: int
    length: int
    period: int

    @property
    def end(self) -> int:
        return self.first + self.length

    def turns(self) -> Int64:
        """How often each value comes.

        >>> Span(3, 5, 2).turns().tolist()
        [3, 2]
        """
        return (self.length - np.arange(self.period) - 1) // self.period + 1

    def below(self, ends: Int64) -> Int64:
        """By value and end, how many of its positions lie before that end.

        >>> Span(3, 5, 2).below(np.array([3, 4, 9])).tolist()
        [[0, 1, 3], [0, 0, 2]]
        """
        firsts = self.first + np.arange(self.period)[:, None]
        found: Int64 = np.clip((ends - firsts + self.period - 1) // self.period, 0, self.turns()[:, None])
        return found


Side = tuple[Span, ...]
"""Spans of one axis, ascending and apart; their values are counted one span after the other."""


def slots(side: Side) -> int:
    """How many values there are."""
    return sum(span.period for span in side)


def firsts(side: Side) -> Int64:
    """By value, its first position."""
    return np.concatenate([_NONE, *(span.first + np.arange(span.period) for span in side)])


def periods(side: Side) -> Int64:
    """By value, how far its positions lie apart."""
    return np.repeat([span.period for span in side], [span.period for span in side]).astype(np.int64)


def turns(side: Side) -> Int64:
    """By value, how many positions have it."""
    return np.concatenate([_NONE, *(span.turns() for span in side)])


def below(side: Side, ends: Int64) -> Int64:
    """By value and end, how many of its positions lie before that end."""
    return np.concatenate([np.zeros((0, len(ends)), np.int64), *(span.below(ends) for span in side)])


def slots_at(side: Side, first: int, count: int) -> Int64:
    """The value of each of some positions in a row; -1 where there is none.

    >>> slots_at((Span(3, 5, 2),), 2, 4).tolist()
    [-1, 0, 1, 0]
    """
    found = np.full(count, -1, np.int64)
    offset = 0
    for span in side:
        begin, end = max(first, span.first), min(first + count, span.end)
        if begin < end:
            found[begin - first : end - first] = offset + (np.arange(begin, end) - span.first) % span.period
        offset += span.period
    return found


def overlaid(sides: Sequence[Side]) -> tuple[Side, list[Int64]]:
    """The positions of several sides together, and by side the value that each of the values there is of; -1: none.

    Raises:
        ShapeError: more than `MOST_SLOTS` values differ.
    """
    ends = sorted({end for side in sides for span in side for end in (span.first, span.end)})
    made: list[Span] = []
    found: list[list[Int64]] = [[] for _ in sides]
    for begin, end in pairwise(ends):
        here = [span for side in sides for span in side if span.first <= begin < span.end]
        if not here:
            continue
        made.append(Span(begin, end - begin, min(math.lcm(*(span.period for span in here)), end - begin)))
        if slots(tuple(made)) > MOST_SLOTS:
            raise ShapeError("too many positions differ along an axis", "bind a smaller input shape")
        for side, held in zip(sides, found, strict=True):
            held.append(slots_at(side, begin, made[-1].period))
    return tuple(made), [np.concatenate([_NONE, *held]) for held in found]


def whole(length: int) -> Side:
    """All positions of an axis, alike."""
    return (Span(0, length, 1),) if length else ()


def block(first: int, count: int) -> Side:
    """Positions in a row, each with a value of its own."""
    return (Span(first, count, count),) if count else ()


_NONE = np.zeros(0, np.int64)

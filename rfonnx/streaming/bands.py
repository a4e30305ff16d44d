"""Bands: which keys each query sees, told from the ranges of one length, so that it holds for every other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Attends:
    """Query o sees at most the keys `o - before[o % P] .. o + after[o % P]` that there are; P is the length of both.

    A window of five keys up to its own: `before = (4,)`, `after = (0,)`. Blocks of three: `(0, 1, 2)`, `(2, 1, 0)`.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def period(self) -> int:
        """P."""
        return len(self.before)

    @property
    def ahead(self) -> bool:
        """Whether a query sees keys that come after it."""
        return max(self.after) > 0


ROUNDS = 3
"""Periods that there must be to see one."""


def banded(first: np.ndarray, last: np.ndarray, keys: int) -> Attends | None:
    """The band that queries 0, 1, ... see of so many keys, of each `first .. last`; none of some, where `last < first`.

    None where there is none: where the ends of the ranges do not go on with the query, or where no query is far enough from an
    end to show that there is an end to what it sees.

    >>> banded(np.array([0, 0, 1, 2]), np.array([0, 1, 2, 3]), 4)
    Attends(before=(1,), after=(0,))
    """
    queries = np.arange(len(first), dtype=np.int64)
    some = last >= first
    for period in range(1, max(1, len(first) // ROUNDS) + 1):
        before = _phases(queries - first, some & (first > 0), period)
        after = _phases(last - queries, some & (last < keys - 1), period)
        if before is None or after is None:
            continue
        phase = queries % period
        starts, ends = queries - np.array(before)[phase], queries + np.array(after)[phase]
        in_band = (first == np.maximum(starts, 0)) & (last == np.minimum(ends, keys - 1))
        if in_band[some].all():
            return Attends(before, after)
    return None


def _phases(reach: np.ndarray, free: np.ndarray, period: int) -> tuple[int, ...] | None:
    """By phase the reach of a query that is far from the end; None where there is none, or they differ."""
    found = []
    for phase in range(period):
        seen = reach[phase::period][free[phase::period]]
        if not len(seen) or (seen != seen[0]).any():
            return None
        found.append(int(seen[0]))
    return tuple(found)

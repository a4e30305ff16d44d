"""Positions as runs: what a table of a long axis repeats, said once.

A run is a stretch of outputs with a few values and as many increments: of its outputs, number `r + q * len(values)` reads
`values[r] + q * increments[r]`. The core keeps fields in the same form (docs/core.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np

from rfonnx.system.named import NamedTuple

SHORTEST = 4096
"""Positions along axes of so many are kept as runs, fewer as a table."""

MOST_LAID_OUT = 2**24
"""Positions along axes of more are never written one by one."""


class Run(NamedTuple):
    """A stretch of outputs.

    Nearest x2, from the third output on: Run(6, (1, 1), (1, 1)) is 1, 1, 2, 2, 3, 3.
    """

    length: int
    values: tuple[int, ...]
    increments: tuple[int, ...]


class Runs:
    """Positions by output, as runs end to end. Equal to others of the same runs; see `table` for what they are one by one.

    >>> Runs([line(3, 5, 2), Run(4, (1, 0), (0, -1))]).table().tolist()
    [5, 7, 9, 1, 0, 1, -1]
    """

    __slots__ = ("runs",)

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = tuple(run for run in runs if run.length)

    def __len__(self) -> int:
        return sum(run.length for run in self.runs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Runs) and self.runs == other.runs

    def __hash__(self) -> int:
        return hash(self.runs)

    def __repr__(self) -> str:
        return f"Runs({list(self.runs)})"

    def table(self) -> np.ndarray:
        """All of them, int64."""
        return np.concatenate([np.empty(0, np.int64), *map(_written, self.runs)])

    def at(self, outputs: np.ndarray) -> np.ndarray:
        """Those of some outputs, in any order."""
        result, begin = np.empty(outputs.shape, np.int64), 0
        for run in self.runs:
            here = (outputs >= begin) & (outputs < begin + run.length)
            turn, residue = np.divmod(outputs[here] - begin, len(run.values))
            result[here] = np.array(run.values, np.int64)[residue] + turn * np.array(run.increments, np.int64)[residue]
            begin += run.length
        return result

    def cuts(self) -> list[int]:
        """Where runs begin, and the length."""
        return list(accumulate((run.length for run in self.runs), initial=0))


Places = np.ndarray | Runs
"""Positions by output: a table, int64, or runs."""


def table(places: Places) -> np.ndarray:
    """Positions one by one, int64."""
    return places.table() if isinstance(places, Runs) else places


def line(length: int, first: int, slope: int = 1) -> Run:
    """`first`, `first + slope`, ..., `length` of them."""
    return Run(length, (first,), (slope,))


def constant(length: int, value: int) -> Run:
    """`length` times the same."""
    return line(length, value, 0)


def repeated(length: int, values: Sequence[int] | np.ndarray, shift: int) -> Run:
    """The values again and again, moved on by `shift` each time; no more of them than `length`."""
    kept = tuple(int(value) for value in values[:length])
    return Run(length, kept, (shift,) * len(kept))


def clipped(run: Run, top: int) -> list[Run]:
    """A run whose values all move on by as much, with what lies beyond `0 .. top` held at the ends.

    >>> for part in clipped(Run(6, (-1, 0), (1, 1)), 1):
    ...     part.length, part.values, part.increments
    (2, (0, 0), (0, 0))
    (2, (0, 1), (1, 1))
    (2, (1, 1), (0, 0))
    """
    period, shift = len(run.values), run.increments[0]
    turns = run.length // period
    inside = min(turns, max(0, -(min(run.values) // shift)))
    beyond = min(turns, max(inside, (top - max(run.values)) // shift + 1))
    cuts = (0, inside * period, beyond * period, run.length)
    found = []
    for place, (begin, end) in enumerate(pairwise(cuts)):
        moved = repeated(end - begin, [value + begin // period * shift for value in run.values], shift)
        if place == 1:
            found.append(moved)
        elif moved.length:
            held = np.clip(_written(moved), 0, top)
            found.append(Run(moved.length, tuple(held.tolist()), (0,) * moved.length))
    return [part for part in found if part.length]


def places(*runs: Run) -> Places:
    """The runs, or their table where the axis is short."""
    found = Runs(runs)
    return found if len(found) >= SHORTEST else found.table()


def stretch(total: int, start: int, length: int, rest: int) -> Places:
    """0, 1, ... from `start` on, `length` of them; `rest` before and behind, on an axis of length `total`."""
    behind = total - start - length
    if total >= SHORTEST:
        return Runs([constant(start, rest), line(length, 0), constant(behind, rest)])
    found = np.full(total, rest, np.int64)
    found[start : start + length] = np.arange(length)
    return found


def _written(run: Run) -> np.ndarray:
    """By turns, of which the last one may be cut short."""
    if len(run.values) == 1:  # most runs are lines
        return np.arange(run.length, dtype=np.int64) * run.increments[0] + run.values[0]
    turns = np.arange(-(-run.length // len(run.values)), dtype=np.int64)
    values, increments = np.array(run.values, np.int64), np.array(run.increments, np.int64)
    result: np.ndarray = (values + turns[:, None] * increments).reshape(-1)[: run.length]
    return result

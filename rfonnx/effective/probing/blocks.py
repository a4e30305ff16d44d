"""Blocks of the input that a perturbation changes, which of them share a run, and which are worth one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.effective.colours import colour_axis, seen_by_colour
from rfonnx.results.array_types import Floats, Int64, Mask

Spans = list[tuple[int, int]]
Fields = Sequence[Sequence[tuple[int, int]]]
"""A closed interval per axis for each unit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Blocks of one size over the units' fields, and the runs that probe them.

    Attributes:
        size: of a block, along every axis.
        spans: by axis: closed intervals of the blocks, in order.
        colours: by axis: colour of each block.
        seen: by axis: (units, colours), see `seen_by_colour`.
    """

    size: int
    spans: list[Spans]
    colours: list[list[int]]
    seen: list[Int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of blocks per axis."""
        return tuple(map(len, self.spans))

    @property
    def inside(self) -> tuple[slice, ...]:
        """The part of the map that the blocks cover."""
        return tuple(slice(spans[0][0], spans[-1][1] + 1) for spans in self.spans)

    @property
    def most_runs(self) -> int:
        """Runs that probe every block."""
        return math.prod(self._counts)

    @property
    def _counts(self) -> list[int]:
        return [max(colours) + 1 for colours in self.colours]

    def run_of(self) -> Int64:
        """Number of the run of each block, of the blocks' shape: a colour of every axis, as one number."""
        numbers = np.zeros(self.shape, np.int64)
        for colours, count in zip(np.ix_(*map(np.asarray, self.colours)), self._counts, strict=True):
            numbers = numbers * count + colours
        return numbers

    def runs(self, active: Mask) -> Iterator[tuple[tuple[int, ...], Int64]]:
        """Runs that probe the active blocks: a colour per axis, and the blocks to change (a row of indices each)."""
        blocks = np.argwhere(active)
        numbers = self.run_of()[active]
        order = np.argsort(numbers, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
            if len(part):
                colour = tuple(int(i) for i in np.unravel_index(numbers[part[0]], self._counts))
                yield colour, blocks[part]

    def mask(self, blocks: Int64, shape: Sequence[int]) -> Mask:
        """The positions of some blocks."""
        made = np.zeros(shape, np.bool_)
        for block in blocks:
            made[self.box(block)] = True
        return made

    def box(self, block: Sequence[int] | Int64) -> tuple[slice, ...]:
        """The positions of one block."""
        ends = (spans[index] for spans, index in zip(self.spans, block, strict=True))
        return tuple(slice(lo, hi + 1) for lo, hi in ends)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """A value per block (the last axes) at each of its positions."""
        first = values.ndim - len(self.spans)
        for axis, spans in enumerate(self.spans, first):
            values = np.repeat(values, [hi - lo + 1 for lo, hi in spans], axis=axis)
        return values

    def meets(self, seen: Mask) -> Mask:
        """By block: whether any of its positions is seen. `seen` is of the map's shape."""
        found = seen[self.inside]
        for axis in range(found.ndim):
            found = np.logical_or.reduceat(found, range(0, found.shape[axis], self.size), axis=axis)
        return found


def plan_blocks(fields: Fields, size: int) -> Plan:
    """Blocks of a size over the hull of the units' fields."""
    spans, colours, seen = [], [], []
    for axis in range(len(fields[0])):
        own = [field[axis] for field in fields]
        begin, end = min(lo for lo, _ in own), max(hi for _, hi in own)
        blocks = [(first, min(first + size - 1, end)) for first in range(begin, end + 1, size)]
        # In units of blocks: a field reaches over every block that it meets.
        met = [((lo - begin) // size, (hi - begin) // size) for lo, hi in own]
        numbers = list(range(len(blocks)))
        spans.append(blocks)
        colours.append(colour_axis(numbers, met))
        seen.append(seen_by_colour(numbers, colours[-1], met))
    return Plan(size, spans, colours, seen)


def first_size(fields: Fields, blocks: int, most: int) -> int:
    """The block that a search starts with: about `blocks` along the longest field, and at most half of the runs that there are,
    so that some are left to look into blocks. 1 where that many runs probe every position."""
    size, longest = 1, max(hi - lo + 1 for field in fields for lo, hi in field)
    while size * 2 * blocks <= longest:
        size *= 2
    while size < longest and plan_blocks(fields, size).most_runs > (most if size == 1 else most // 2):
        size *= 2
    return size


def next_size(plan: Plan, loud: int, active: int) -> int:
    """The size after this one: half of it, or 1 where that costs less.

    Halving pays where few blocks are loud. When as large a share p of each level stays loud, the levels below cost
    b + b^2 p + b^3 p^2 + ... runs per loud block, with b = 2^axes; going straight to single positions costs size^axes.
    """
    branches, share = 2 ** len(plan.spans), loud / active
    levels = plan.size.bit_length() - 1
    halving = sum(branches**level * share ** (level - 1) for level in range(1, levels + 1))
    return plan.size // 2 if halving < branches**levels else 1


def within(plan: Plan, wanted: Mask, loudness: Floats, most: int) -> Mask:
    """The wanted blocks that a number of runs can probe, the loudest first."""
    numbers = plan.run_of()
    order = np.argsort(-loudness[wanted], kind="stable")
    runs, first = np.unique(numbers[wanted][order], return_index=True)
    if len(runs) <= most:
        return wanted
    kept = runs[np.argsort(first)[: max(most, 0)]]
    return wanted & np.isin(numbers, kept)

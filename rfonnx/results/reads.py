"""Which positions of a tensor belong, such as those that one position of a later tensor reads, however long its axes are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rfonnx.errors import ShapeError
from rfonnx.results.array_types import Int64
from rfonnx.results.sides import Side, below, firsts, overlaid, periods, slots, slots_at, turns
from rfonnx.system.named import NamedTuple

MOST_POSITIONS = 2**28
"""Positions that are laid out as an array."""

MOST_CELLS = 2**26
"""Values of a grid."""


class Patch(NamedTuple):
    """Values over a box of positions: by axis which positions, and an array over their values."""

    sides: tuple[Side, ...]
    values: npt.NDArray[Any]


class Extent(NamedTuple):
    """Positions along one axis: the first, the last, and how many of those between them (closed) belong."""

    first: int
    last: int
    used: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Values over positions along some axes: a value for each combination of what differs along them.

    Attributes:
        shape: lengths of the axes.
        sides: by axis, the positions that may have something; the others have nothing.
        values: by axis the values of its side.
    """

    shape: tuple[int, ...]
    sides: tuple[Side, ...]
    values: npt.NDArray[Any]

    def weighed(self) -> npt.NDArray[Any]:
        """The sum of the values of all positions, by combination of what differs: a value times how many have it."""
        values = self.values if self.values.dtype.kind == "f" else self.values.astype(np.int64)
        for axis, side in enumerate(self.sides):
            values = values * np.expand_dims(turns(side), tuple(a for a in range(self.values.ndim) if a != axis))
        return values

    def total(self) -> Any:
        """The sum of all values; of truth values how many positions belong."""
        return self.weighed().sum().item()

    def mean(self, origin: int) -> float:
        """Of a grid of one axis, where its values balance, in positions behind the origin; there are some above 0."""
        [side] = self.sides
        count = turns(side)
        middles = firsts(side) - origin + periods(side) * (count - 1) / 2
        masses = self.values * count
        return float((masses * middles).sum() / masses.sum())

    def extent(self, axis: int) -> Extent | None:
        """Where anything belongs along one axis; None: nowhere."""
        side = self.sides[axis]
        used = np.flatnonzero(self.values.any(_others(self.values.ndim, axis)))
        if not used.size:
            return None
        first, count = firsts(side)[used], turns(side)[used]
        last = first + (count - 1) * periods(side)[used]
        return Extent(int(first.min()), int(last.max()), int(count.sum()))

    def extents(self) -> tuple[Extent, ...] | None:
        """By axis where anything belongs; None: nowhere."""
        found = [self.extent(axis) for axis in range(self.values.ndim)]
        known = tuple(one for one in found if one is not None)
        return known if len(known) == len(found) else None

    def nearest(self, axis: int, place: float) -> int | None:
        """The position along one axis that is nearest to a place, of those with anything; of two the first."""
        side = self.sides[axis]
        used = np.flatnonzero(self.values.any(_others(self.values.ndim, axis)))
        if not used.size:
            return None
        first, apart, count = firsts(side)[used], periods(side)[used], turns(side)[used]
        before = np.clip(np.floor((place - first) / apart).astype(np.int64), 0, count - 1)
        near = np.concatenate([first + np.minimum(before + more, count - 1) * apart for more in (0, 1)])
        near.sort()
        return int(near[np.abs(near - place).argmin()])

    def cut(self, axis: int, at: int) -> Grid:
        """The other axes, at one position of this one."""
        [slot] = slots_at(self.sides[axis], at, 1)
        rest = [place for place in range(self.values.ndim) if place != axis]
        values = np.take(self.values, max(slot, 0), axis) if slot >= 0 else np.zeros_like(self.values.any(axis))
        return Grid(tuple(self.shape[a] for a in rest), tuple(self.sides[a] for a in rest), values)

    def counts(self, edges: Sequence[Int64]) -> npt.NDArray[np.int64]:
        """How many positions belong in each cell of a lattice.

        Args:
            edges: by axis ascending positions: a cell reaches from one of them to the one before the next.
        """
        counts = self.values.astype(bool).astype(np.int64)
        for axis, (side, cuts) in enumerate(zip(self.sides, edges, strict=True)):
            inside = np.diff(below(side, cuts))
            counts = np.moveaxis(np.tensordot(counts, inside, (axis, 0)), -1, axis)
        return counts

    def shares(self, edges: Sequence[Int64]) -> npt.NDArray[np.float64]:
        """Of each cell of a lattice the share that belongs: `counts` over the positions that there are."""
        sizes = np.ones((), np.int64)
        for cuts in edges:
            sizes = np.multiply.outer(sizes, np.diff(cuts))
        return self.counts(edges) / sizes

    def table(self) -> npt.NDArray[Any]:
        """The values of all positions.

        Raises:
            ShapeError: there are more than `MOST_POSITIONS`.
        """
        return self.part(tuple((0, length - 1) for length in self.shape))

    def part(self, box: Sequence[tuple[int, int]]) -> npt.NDArray[Any]:
        """The values of the positions in a box, by axis the first and the last.

        Raises:
            ShapeError: there are more than `MOST_POSITIONS`.
        """
        if math.prod(last - first + 1 for first, last in box) > MOST_POSITIONS:
            raise ShapeError("too many positions to lay out", "bind a smaller input shape")
        values = self.values
        for axis, (side, (first, last)) in enumerate(zip(self.sides, box, strict=True)):
            values = taken(values, axis, slots_at(side, first, last - first + 1))
        return values


def _others(rank: int, axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(rank) if other != axis)


def taken(values: npt.NDArray[Any], axis: int, slots: Int64) -> npt.NDArray[Any]:
    """Values along an axis in another order; -1: nothing.

    >>> taken(np.array([4, 7]), 0, np.array([1, -1, 0])).tolist()
    [7, 0, 4]
    """
    nothing = np.zeros_like(values, shape=(*values.shape[:axis], 1, *values.shape[axis + 1 :]))
    return np.take(np.concatenate([values, nothing], axis), slots, axis)  # -1 is the nothing at the end


@dataclass(frozen=True, slots=True)
class Reads:
    """Values over positions of a tensor, as patches that may lie over each other: truth values, of which any counts, or
    shares, which add up.

    Attributes:
        shape: of the tensor.
        patches: boxes of positions; outside of them there is nothing.
    """

    shape: tuple[int, ...]
    patches: tuple[Patch, ...]

    def along(self, axes: Sequence[int]) -> Grid:
        """What there is along some axes, ascending, over all positions of the others.

        Raises:
            ShapeError: too many values differ.
        """
        flat = [_projected(patch, axes) for patch in self.patches]
        shape = tuple(self.shape[axis] for axis in axes)
        kind = np.result_type(*(patch.values for patch in flat)) if flat else np.dtype(bool)
        laid = [overlaid([patch.sides[k] for patch in flat]) for k in range(len(axes))]
        sides = tuple(side for side, _ in laid)
        if math.prod(map(slots, sides)) > MOST_CELLS:
            raise ShapeError("too many positions differ", "bind a smaller input shape")
        values = np.zeros(tuple(map(slots, sides)), kind)
        for number, patch in enumerate(flat):
            here = [np.flatnonzero(found[number] >= 0) for _, found in laid]
            there = [found[number][at] for (_, found), at in zip(laid, here, strict=True)]
            if axes:
                values[np.ix_(*here)] += patch.values[np.ix_(*there)]
            else:
                values += patch.values
        return Grid(shape, sides, values)


def _projected(patch: Patch, axes: Sequence[int]) -> Patch:
    """Any along the other axes, or the sum."""
    values = patch.values
    for axis in range(values.ndim):
        if axis not in axes and values.dtype.kind == "f":
            values = values * np.expand_dims(turns(patch.sides[axis]), _others(values.ndim, axis))
    others = tuple(axis for axis in range(values.ndim) if axis not in axes)
    flat = values.sum(others) if values.dtype.kind == "f" else values.any(others)
    return Patch(tuple(patch.sides[axis] for axis in axes), np.asarray(flat))

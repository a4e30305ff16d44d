"""The panels in which what a position reads is drawn: two axes of an input each, and the field again where it is small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from rfonnx.report.explanation.footprint import Footprint, Interval
from rfonnx.results.reads import Grid
from rfonnx.system.named import NamedTuple

ZOOMED = 0.45
"""A box that is shorter than this share of the whole is drawn again, larger."""


class Plane(NamedTuple):
    """What is drawn in one panel.

    Attributes:
        grid: what is read along the axes.
        axes: axes of the input, rows and columns, or the columns alone.
        clipped, unbounded: by these axes.
        at: where other drawn axes are cut, in words, or "".
        near: the box alone is shown, larger.
    """

    grid: Grid
    axes: tuple[int, ...]
    clipped: tuple[Interval, ...]
    unbounded: tuple[Interval, ...]
    at: str = ""
    near: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the input; of one axis, one row."""
        rows, columns = (1, *self.grid.shape)[-2:]
        return rows, columns

    def cells(self, most: int) -> Cells:
        """What is read, in at most so many cells along each axis, of lengths that differ by one position at most: of all that the
        input has, or, where its positions are more than cells, of what is shown of it."""
        parts = [(0, length - 1) for length in self.grid.shape]
        if self.near:
            shown = shown_part(self, self.unbounded)
            held = [(max(0, lo), min(last, hi)) for (_, last), (lo, hi) in zip(parts, shown, strict=True)]
            parts = [
                near if far[1] >= most and near[0] <= near[1] else far for far, near in zip(parts, held, strict=True)
            ]
        edges = []
        for first, last in parts:
            count = min(last - first + 1, most)
            edges.append(first + np.arange(count + 1) * (last - first + 1) // max(count, 1))
        rows, columns = ((0, 0), *parts)[-2:]
        return Cells(np.atleast_2d(self.grid.shares(edges)), rows, columns)


class Cells(NamedTuple):
    """Shares of positions that are read, (rows, columns) of cells, from the first to the last of these positions."""

    shares: npt.NDArray[np.float64]
    rows: Interval
    columns: Interval


def planes_of(one: Footprint) -> Iterator[Plane]:
    """The whole, and its box again where that is small; of three axes a cut through the middle for each pair."""
    if len(one.axes) < 3:
        yield Plane(one.grid, one.axes, one.clipped, one.unbounded)
        if _is_small(one):
            yield Plane(one.grid, one.axes, one.clipped, one.unbounded, near=True)
        return
    for kept in reversed(list(combinations(range(3), 2))):
        (cut,) = {0, 1, 2} - set(kept)
        at = _cut(one.grid, cut, one.clipped[cut])
        axes = tuple(one.axes[place] for place in kept)
        clipped, unbounded = (tuple(box[place] for place in kept) for box in (one.clipped, one.unbounded))
        yield Plane(one.grid.cut(cut, at), axes, clipped, unbounded, f"axis {one.axes[cut]} at {at}")


def _is_small(one: Footprint) -> bool:
    lengths = [one.shape[axis] for axis in one.axes]
    shown = [max(n, hi + 1) - min(0, lo) for n, (lo, hi) in zip(lengths, one.unbounded, strict=True)]
    return all(hi - lo + 1 < ZOOMED * n for n, (lo, hi) in zip(shown, one.clipped, strict=True))


def _cut(grid: Grid, axis: int, box: Interval) -> int:
    """The position nearest to the middle of the box of which anything is read: dilation leaves planes out."""
    near = grid.nearest(axis, sum(box) / 2)
    return box[0] if near is None else near


def shown_part(plane: Plane, unbounded: Sequence[Interval]) -> list[Interval]:
    """The intervals that a panel shows: the input and all of the field, or the field alone; of one that is much longer than what
    lies within the input, that."""
    shape = plane.shape[-len(unbounded) :]
    if not plane.near:
        return [(min(0, lo), max(n - 1, hi)) for n, (lo, hi) in zip(shape, unbounded, strict=True)]
    inside = [(max(0, lo), min(n - 1, hi)) for n, (lo, hi) in zip(shape, unbounded, strict=True)]
    far = any(hi - lo > 3 * (last - first) + 3 for (lo, hi), (first, last) in zip(unbounded, inside, strict=True))
    return inside if far else list(unbounded)

"""Measured dependence: inputs are changed piece by piece, and what changes in the outputs is recorded. No field arithmetic.

A piece is one element, or a slab: all elements at one index of one axis. Elements show what a slab hides (changes that cancel),
slabs reach where there are too many elements to try each. A change counts when any size of it, from any starting values, changes
the output. NaN is not fed (but to IsNaN), and what becomes NaN does not count: NaN passes through a weight of zero, which a
finite change does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from node_suite.cases import Case, Feeds, Runner

ELEMENTS = 72  # tried one by one in each input; of more, this many spread evenly
SLABS = 48  # tried along each axis; of more, this many spread evenly
LARGE = 4096  # elements; of larger inputs a sixth of the pieces is tried, since each run takes long
EMPTY_LO, EMPTY_HI = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@dataclass(frozen=True)
class Piece:
    where: tuple[Any, ...]  # index into the input
    indices: tuple[tuple[int, int], ...]  # (axis, index) that it speaks for


@dataclass
class Measured:
    """For one output and one input axis: first and last index that each output position was seen to read.

    `tried`: the indices of the axis that were changed as a slab, all of them unless the axis is long.
    """

    lo: np.ndarray
    hi: np.ndarray
    tried: np.ndarray


class Probe:
    """Collects what changes for one case. `masks[input][output]` is a bool array (pieces, output size)."""

    def __init__(self, case: Case, runner: Runner) -> None:
        self.case, self.runner = case, runner
        self.generator = np.random.default_rng(1)
        self.pieces = {name: self._pieces(case.feeds[name].shape) for name in case.float_inputs}
        first, again = runner.run(case.feeds), runner.run(case.feeds)
        self.shapes = [shape_of(value) for value in first]
        self.steady = [not changed(a, b).any() for a, b in zip(first, again, strict=True)]  # False: random by design
        sizes = [math.prod(shape) for shape in self.shapes]
        self.masks = {name: [np.zeros((len(found), n), bool) for n in sizes] for name, found in self.pieces.items()}

    def sweep(self, base: Feeds, changes: Sequence[float]) -> None:
        """One pass over every piece and size of change, rising.

        Starting values that the operator refuses, or that make outputs of another shape or random ones, are left out.
        """
        try:
            before, again = self.runner.run(base), self.runner.run(base)
        except Exception:
            return
        usual = [shape_of(value) for value in before] == self.shapes
        if not usual or any(
            changed(a, b).any() for a, b, steady in zip(before, again, self.steady, strict=True) if steady
        ):
            return
        for name, found in self.pieces.items():
            for row, piece in enumerate(found):
                self._change(base, before, name, row, piece, changes)

    def measured(self, name: str, output: int, axis: int) -> Measured:
        mask, shape = self.masks[name][output], self.shapes[output]
        lo, hi = np.full(mask.shape[1], EMPTY_LO), np.full(mask.shape[1], EMPTY_HI)
        spoken: dict[int, list[int]] = {}
        for row, piece in enumerate(self.pieces[name]):
            for where, index in piece.indices:
                if where == axis:
                    spoken.setdefault(index, []).append(row)
        for index, rows in spoken.items():
            seen = mask[rows].any(axis=0)
            lo[seen], hi[seen] = np.minimum(lo[seen], index), np.maximum(hi[seen], index)
        return Measured(lo.reshape(shape), hi.reshape(shape), self._slabs(self.case.feeds[name].shape, axis))

    def _change(
        self, base: Feeds, before: list[Any], name: str, row: int, piece: Piece, changes: Sequence[float]
    ) -> None:
        masks = self.masks[name]
        for size in changes:
            if all(mask[row].all() for mask in masks):
                return  # all there is to see was seen
            value = base[name].copy()
            part = value[piece.where].astype(np.float64)
            value[piece.where] = (part + size * self.generator.uniform(0.5, 1.5, np.shape(part))).astype(value.dtype)
            try:
                after = self.runner.run({**base, name: value})
            except Exception:
                return  # larger changes would be refused too
            reshaped = False
            for mask, shape, a, b in zip(masks, self.shapes, before, after, strict=True):
                if shape_of(b) != shape:
                    mask[row], reshaped = True, True
                else:
                    mask[row] |= changed(a, b).reshape(-1)
            if reshaped:
                return  # larger changes would make larger outputs

    def _pieces(self, shape: tuple[int, ...]) -> list[Piece]:
        found, size = [], math.prod(shape)
        for flat in spread(size, ELEMENTS // 6 if size > LARGE or self.runner.slow else ELEMENTS):
            position = tuple(int(i) for i in np.unravel_index(flat, shape)) if shape else ()
            found.append(Piece(position, tuple(enumerate(position))))
        for axis in range(len(shape)):
            found += [Piece((slice(None),) * axis + (int(i),), ((axis, int(i)),)) for i in self._slabs(shape, axis)]
        return found

    def _slabs(self, shape: tuple[int, ...], axis: int) -> np.ndarray:
        """Indices of the axis that are changed as slabs."""
        return spread(shape[axis], SLABS // 6 if math.prod(shape) > LARGE else SLABS)


def spread(n: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def shape_of(value: Any) -> tuple[int, ...]:
    """A sequence, map or absent optional counts as one element."""
    return value.shape if isinstance(value, np.ndarray) else ()


def changed(a: Any, b: Any) -> np.ndarray:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.asarray((a != b) & ~(b != b))  # what becomes NaN does not count
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return np.array(any(np.shape(x) != np.shape(y) or changed(x, y).any() for x, y in zip(a, b, strict=True)))
    return np.array(a is not b and a != b)

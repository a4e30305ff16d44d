"""Measured dependence: inputs are changed piece by piece, and what changes in the outputs is recorded. No field arithmetic.

A piece is one element, or a slab: all elements at one index of one axis. Elements show what a slab hides (changes that cancel),
slabs reach where there are too many elements to try each. A change counts when any size of it, from any starting values, changes
the output; NaN is never fed, since it passes through a weight of zero, which a finite change does not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from node_suite.cases import Case, Feeds, Run, is_float

ELEMENTS = 96  # tried one by one in each input; of more, this many spread evenly
SLABS = 48  # tried along each axis; of more, this many spread evenly
LARGE = 4096  # elements; of larger inputs a sixth of the pieces is tried, since each run takes long
CHANGES = (0.3, -0.7, 6.0, -6.0, 100.0, -100.0)  # rising: rounding, saturation and maxima hide small ones
PASSES, PASSES_LOOSE, PASSES_CLAIMED = (
    3,
    8,
    32,
)  # starting values for each case; for one that is loose; for a claim that is
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


def spread(n: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def slabs(shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Indices of the axis that are changed as slabs."""
    return spread(shape[axis], SLABS // 6 if math.prod(shape) > LARGE else SLABS)


def pieces(shape: tuple[int, ...]) -> list[Piece]:
    found, size = [], math.prod(shape)
    for flat in spread(size, ELEMENTS // 6 if size > LARGE else ELEMENTS):
        position = tuple(int(i) for i in np.unravel_index(flat, shape)) if shape else ()
        found.append(Piece(position, tuple(enumerate(position))))
    for axis in range(len(shape)):
        found += [Piece((slice(None),) * axis + (int(i),), ((axis, int(i)),)) for i in slabs(shape, axis)]
    return found


class Probe:
    """Collects what changes for one case. `masks[input][output]` is a bool array (pieces, output size)."""

    def __init__(self, case: Case, run: Run) -> None:
        self.case, self.run = case, run
        self.pieces = {name: pieces(case.feeds[name].shape) for name in case.float_inputs}
        self.generator = np.random.default_rng(0)
        self.swept = 0
        first, again = run(case.feeds), run(case.feeds)
        self.shapes = [shape_of(value) for value in first]
        self.steady = [not changed(a, b).any() for a, b in zip(first, again, strict=True)]  # False: random by design
        sizes = [math.prod(shape) for shape in self.shapes]
        self.masks = {name: [np.zeros((len(found), n), bool) for n in sizes] for name, found in self.pieces.items()}

    def passes(self) -> Iterator[tuple[Feeds, Sequence[float]]]:
        """Starting values with the changes to try from them: those of the case, then others of the same range, then any.

        From the third on they come in pairs of opposites, and from the fifth on with conditions, indices and other integers
        varied too: what one hides (a branch not taken, a slope not used) the other shows.
        """
        given, special = self.case.tensors, not_a_number(self.case)
        yield self.case.feeds, CHANGES + special
        yield (
            self.case.feeds | {name: self._similar(given[name]) for name in self.case.float_inputs},
            CHANGES[::2] + special,
        )
        for turn in itertools.count():
            wild = {name: self._any(given[name]) for name in self.case.float_inputs}
            if turn % 3:
                others = {name: value for name, value in given.items() if not is_float(value) and value.size}
                wild |= {
                    name: self._shuffled(value) if turn % 3 == 1 else self._redrawn(value)
                    for name, value in others.items()
                }
            yield self.case.feeds | wild, CHANGES[1::2] if turn == 0 else CHANGES + special
            yield self.case.feeds | {name: opposite(value) for name, value in wild.items()}, CHANGES + special

    def _similar(self, given: np.ndarray) -> np.ndarray:
        """Other values of the same range; what is infinite stays, since masks are written so."""
        value = given.astype(np.float64)
        finite = np.isfinite(value)
        if not finite.any():
            return given
        low, high = np.clip([value[finite].min(), value[finite].max()], -1e4, 1e4)
        fresh = (
            self.generator.uniform(low, high, value.shape) if low < high else value * self.generator.uniform(0.5, 1.5)
        )
        return np.asarray(np.where(finite, fresh, value)).astype(given.dtype)

    def _any(self, given: np.ndarray) -> np.ndarray:
        return np.asarray(self.generator.normal(size=given.shape)).astype(given.dtype)

    def _shuffled(self, given: np.ndarray) -> np.ndarray:
        """Booleans anew; other values in another order, so that indices stay valid."""
        if given.dtype == bool:
            return np.asarray(self.generator.random(given.shape) < 0.5)
        return self.generator.permutation(given.reshape(-1)).reshape(given.shape)

    def _redrawn(self, given: np.ndarray) -> np.ndarray:
        """Integers up to twice as large as those given: lengths, say, that are not at their limit. Some will be refused."""
        if given.dtype.kind not in "iu":
            return self._shuffled(given)
        return self.generator.integers(min(0, given.min()), 2 * max(1, given.max()), given.shape, endpoint=True).astype(
            given.dtype
        )

    def sweep(self, base: Feeds, changes: Sequence[float]) -> None:
        """One pass over every piece and size of change, rising.

        Starting values that the operator refuses, or that make outputs of another shape or random ones, are left out.
        """
        self.swept += 1
        try:
            before, again = self.run(base), self.run(base)
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

    def _change(
        self, base: Feeds, before: list[Any], name: str, row: int, piece: Piece, changes: Sequence[float]
    ) -> None:
        masks = self.masks[name]
        for size in changes:
            value = base[name].copy()
            part = value[piece.where].astype(np.float64)
            value[piece.where] = (part + size * self.generator.uniform(0.5, 1.5, np.shape(part))).astype(value.dtype)
            try:
                after = self.run({**base, name: value})
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
        return Measured(lo.reshape(shape), hi.reshape(shape), slabs(self.case.feeds[name].shape, axis))


def not_a_number(case: Case) -> tuple[float, ...]:
    """What must be fed to an operator that looks for it."""
    found = {"IsNaN": (np.nan,), "IsInf": (np.inf, -np.inf)}
    return found.get(case.model.graph.node[0].op_type, ()) if len(case.model.graph.node) == 1 else ()


def opposite(value: np.ndarray) -> np.ndarray:
    if value.dtype == bool:
        return np.asarray(~value)
    if is_float(value):
        return np.asarray(-value)
    return value[..., ::-1] if value.ndim else value


def shape_of(value: Any) -> tuple[int, ...]:
    """A sequence, map or absent optional counts as one element."""
    return value.shape if isinstance(value, np.ndarray) else ()


def changed(a: Any, b: Any) -> np.ndarray:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.asarray((a != b) & ~((a != a) & (b != b)))
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return np.array(any(np.shape(x) != np.shape(y) or changed(x, y).any() for x, y in zip(a, b, strict=True)))
    return np.array(a is not b and a != b)

"""What is fed: starting values for a node test's inputs, and the changes made to them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from node_suite.cases import Case, Feeds

CHANGES = (0.3, -0.7, 6.0, -6.0, 100.0, -100.0)
"""Added to a piece of an input, rising: rounding, saturation and maxima hide small ones."""

LOOKED_FOR = {"IsNaN": (np.nan,), "IsInf": (np.inf, -np.inf)}
"""What must be fed to an operator that looks for it."""

Start = tuple[Feeds, tuple[float, ...]]


class Starts:
    """Starting values, each with the changes to try from it; the same in every run."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.generator = np.random.default_rng(0)
        nodes = case.model.graph.node
        self.changes = CHANGES + (LOOKED_FOR.get(nodes[0].op_type, ()) if len(nodes) == 1 else ())

    def fixed(self) -> Iterator[Start]:
        """Floats vary: those of the case, others of the same range, then any, in pairs of opposites.

        What one of a pair hides (a slope not used, a maximum never reached) the other shows.
        """
        some = itertools.cycle(self._some_changes())
        yield self.case.feeds, self.changes
        yield (
            self.case.feeds | {name: self._similar(self.case.feeds[name]) for name in self.case.float_inputs},
            next(some),
        )
        while True:
            wild = self._wild()
            yield self.case.feeds | wild, next(some)
            yield self.case.feeds | {name: np.asarray(-value) for name, value in wild.items()}, next(some)

    def varied(self) -> Iterator[Start]:
        """All inputs vary: conditions, indices, lengths and other integers too. Some will be refused."""
        some = itertools.cycle(self._some_changes())
        for turn in itertools.count():
            feeds = self.case.feeds | self._wild()
            for name in self.case.parameters:
                value = feeds[name]
                feeds[name] = self._redrawn(value) if turn % 2 and value.dtype.kind in "iu" else self._shuffled(value)
            yield feeds, next(some)
            opposite = {name: ~feeds[name] for name in self.case.parameters if feeds[name].dtype == bool}
            yield feeds | {name: np.asarray(value) for name, value in opposite.items()}, next(some)

    def _some_changes(self) -> list[tuple[float, ...]]:
        """A third of the changes at a time, a smaller and a larger one of opposite sign, so that three turns make all."""
        third = len(CHANGES) // 2
        return [(CHANGES[i], CHANGES[i + third], *self.changes[len(CHANGES) :]) for i in range(third)]

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

    def _wild(self) -> Feeds:
        shapes = {name: self.case.feeds[name] for name in self.case.float_inputs}
        return {name: np.asarray(self.generator.normal(size=v.shape)).astype(v.dtype) for name, v in shapes.items()}

    def _shuffled(self, given: np.ndarray) -> np.ndarray:
        """Booleans anew; other values in another order, so that indices stay valid."""
        if given.dtype == bool:
            return np.asarray(self.generator.random(given.shape) < 0.5)
        return self.generator.permutation(given.reshape(-1)).reshape(given.shape)

    def _redrawn(self, given: np.ndarray) -> np.ndarray:
        """Integers up to twice as large as those given: lengths, say, that were not at their limit."""
        low, high = min(0, given.min()), 2 * max(1, given.max())
        return self.generator.integers(low, high, given.shape, endpoint=True).astype(given.dtype)

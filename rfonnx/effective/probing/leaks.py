"""Changes of a unit that come from where it can see nothing: judged on the blocks that were really perturbed.

A block is changed as a whole, and it lies outside only when the unit sees none of its positions: the mean of a block says nothing
about the holes of a field that it covers. Changes that rounding explains do not count.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rfonnx.effective.probing.blocks import Plan
from rfonnx.results.array_types import Floats, Mask


class SampleChanges:
    """What one sample's runs changed.

    Args:
        rounding: (units,) changes up to this are rounding.
    """

    def __init__(self, rounding: Floats) -> None:
        self._rounding = rounding
        self.unseen = np.zeros(len(rounding))
        self.measured: list[tuple[Plan, Floats]] = []

    def beyond(self, changes: Floats) -> None:
        """(units,) changes by runs in which nothing was changed that the unit can see."""
        self.unseen += np.where(np.abs(changes) > self._rounding, np.abs(changes), 0)

    def blocks(self, plan: Plan, changes: Floats) -> None:
        """(units, *blocks) changes by block, NaN where none was measured."""
        size = np.nan_to_num(np.abs(changes), nan=0.0)
        rounding = self._rounding.reshape(-1, *[1] * (changes.ndim - 1))
        self.measured.append((plan, np.where(size > rounding, size, 0)))


class Leaks:
    """Sums over samples."""

    def __init__(self, units: int) -> None:
        self._unseen, self._total = np.zeros(units), np.zeros(units)
        self._blocks: dict[int, tuple[Plan, Floats]] = {}

    def add(self, found: SampleChanges, total: Floats) -> None:
        """Count a sample, whose maps sum to `total` (units,)."""
        self._unseen += found.unseen
        self._total += total
        for plan, changes in found.measured:
            held = self._blocks.get(plan.size)
            self._blocks[plan.size] = (plan, changes if held is None else held[1] + changes)

    def share(self, unit: int, supports: Iterable[Mask]) -> float:
        """Share of a unit's change that came from outside.

        A block that was looked into is counted once: the block size with the largest such share tells.

        Args:
            unit: its number.
            supports: positions that it can see, of the map's shape; what it sees is their union. Read as far as is needed.
        """
        total = self._total[unit]
        if not total:
            return 1.0 if self._unseen[unit] else 0.0
        held = [(plan, changes[unit], changes[unit] > 0) for plan, changes in self._blocks.values()]
        for seen in supports:
            held = [(plan, changes, left & ~plan.meets(seen)) for plan, changes, left in held]
            if not any(left.any() for _, _, left in held):
                break
        most = max((float(changes[left].sum()) for _, changes, left in held), default=0.0)
        return float((self._unseen[unit] + most) / total)

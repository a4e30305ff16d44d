"""The axes of charts: where a value stands, and which values are written beside it."""

from __future__ import annotations

from math import ceil, floor, log, log10
from typing import NamedTuple

SPAN = 30
"""A scale is logarithmic where the largest value is more than so many times the smallest."""


class Scale(NamedTuple):
    """Values from `low` to `high` on a line from `start` to `end`; `low` is above 0 where it is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Where a value stands."""
        if self.logarithmic:
            share = log(value / self.low) / log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Some five round values inside: 1, 2 or 5 times powers of ten."""
        if self.logarithmic:
            return _decades(self.low, self.high)
        step = _step((self.high - self.low) / 5)
        return [step * i for i in range(ceil(self.low / step), floor(self.high / step) + 1)]


def sized(smallest: int, largest: int, start: float, end: float) -> Scale:
    """The scale of sizes, which begins at 0 where it is not logarithmic."""
    if largest > SPAN * smallest > 0:
        return Scale(smallest, largest, start, end, logarithmic=True)
    return Scale(0, max(largest, 1), start, end)


def _step(least: float) -> float:
    """The round value that is not below `least`; whole, since sizes and depths are.

    >>> _step(3), _step(120), _step(0.2)
    (5.0, 200.0, 1.0)
    """
    power = 10.0 ** floor(log10(max(least, 1)))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= least)


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten; powers alone where there are many.

    >>> _decades(3, 120), _decades(1, 5e6)
    ([5.0, 10.0, 20.0, 50.0, 100.0], [1.0, 10.0, 100.0, 1000.0, 10000.0, 100000.0, 1000000.0])
    """
    powers = [10.0**power for power in range(floor(log10(low)), floor(log10(high)) + 1)]
    times = (1, 2, 5) if len(powers) < 4 else (1,)
    return [power * by for power in powers for by in times if low <= power * by <= high]

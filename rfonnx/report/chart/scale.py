"""Where values stand along an axis of a drawing, and the round values that are written beside it."""

from __future__ import annotations

from math import ceil, floor, log, log10

from rfonnx.report.chart.markup import path, text
from rfonnx.system.named import NamedTuple

SPAN = 30
"""Sizes are drawn on a logarithmic scale where the largest is more than so many times the smallest."""


class Scale(NamedTuple):
    """A line from `start` to `end` that stands for `low` to `high`, which differ; `low` is above 0 where it is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Where a value stands; beyond the ends, at the nearer one."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = log(inside / self.low) / log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values between the ends: 1, 2 or 5 times a power of ten apart; where it is logarithmic, such values themselves.

        >>> Scale(0, 57, 0, 1).ticks(), Scale(-4, 42, 0, 1).ticks(3)
        ([0.0, 10.0, 20.0, 30.0, 40.0, 50.0], [0.0, 20.0, 40.0])
        """
        if self.logarithmic:
            return _decades(self.low, self.high)
        least = (self.high - self.low) / most
        power = 10.0 ** floor(log10(least))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= least * (1 - 1e-9))
        return [step * i for i in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]


def sized(smallest: int, largest: int, start: float, end: float) -> Scale:
    """The scale of sizes, which begins at 0 where it is not logarithmic."""
    if largest > SPAN * smallest > 0:
        return Scale(smallest, largest, start, end, logarithmic=True)
    return Scale(0, max(largest, 1), start, end)


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten; powers alone where there are many.

    >>> _decades(3, 120), _decades(1, 5e6)
    ([5.0, 10.0, 20.0, 50.0, 100.0], [1.0, 10.0, 100.0, 1000.0, 10000.0, 100000.0, 1000000.0])
    """
    powers = [10.0**power for power in range(floor(log10(low)), floor(log10(high)) + 1)]
    times = (1, 2, 5) if len(powers) < 4 else (1,)
    return [power * by for power in powers for by in times if low <= power * by <= high]


def rows(scale: Scale, left: float, right: float, most: int = 5) -> list[str]:
    """Thin lines across a drawing at the ticks of its vertical axis, with their values."""
    return [
        mark
        for tick in scale.ticks(most)
        for mark in (
            path(f"M{left:g} {scale.at(tick):.1f}H{right:g}", "grid"),
            text(left - 6, scale.at(tick) + 4, f"{tick:g}", anchor="end", class_="tick"),
        )
    ]


def columns(scale: Scale, y: float, most: int = 8) -> list[str]:
    """The values at the ticks of a horizontal axis, below `y`."""
    return [text(scale.at(tick), y + 16, f"{tick:g}", anchor="middle", class_="tick") for tick in scale.ticks(most)]

"""Where values stand along an axis of a drawing, and the round values that are written beside it."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import NamedTuple

from rfonnx.report.chart.markup import path, text


class Scale(NamedTuple):
    """A line from `start` to `end` that stands for `low` to `high`, which differ."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands; beyond the ends, at the nearer one."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values between the ends: 1, 2 or 5 times a power of ten apart.

        >>> Scale(0, 57, 0, 1).ticks(), Scale(-4, 42, 0, 1).ticks(3)
        ([0.0, 10.0, 20.0, 30.0, 40.0, 50.0], [0.0, 20.0, 40.0])
        """
        least = (self.high - self.low) / most
        power = 10.0 ** floor(log10(least))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= least * (1 - 1e-9))
        return [step * i for i in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]


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

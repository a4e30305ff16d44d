"""A mean map over samples, with its confidence interval, in memory that does not grow with their number."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.results.array_types import Floats

NORMAL_95 = 1.959964
MIN_SAMPLES = 8
"""Fewer say little about their own spread: sampling never stops before."""


class Running:
    """Sums over the maps of samples.

    The result is the ratio of two means, map over mass, so its variance is that of a ratio estimator (Cochran 1977,
    section 6.4): the variance over samples of `m - R s`, where m is a sample's map, s its mass and R the mean map,
    normalised. A sample with a larger gradient counts for more, but does not look like uncertainty by that alone.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.samples = 0
        self._map = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._products = np.zeros(shape)
        self._mass = self._mass_squares = 0.0

    def add(self, values: Floats) -> None:
        """Count a sample's map: float64, finite, >= 0."""
        mass = float(values.sum())
        self.samples += 1
        self._map += values
        self._squares += values**2
        self._products += values * mass
        self._mass += mass
        self._mass_squares += mass**2

    @property
    def scale(self) -> float:
        """Mean mass of a sample."""
        return self._mass / self.samples if self.samples else 0.0

    def mean(self) -> Floats:
        """The mean map, which sums to 1; 0 everywhere when there is no mass."""
        return self._map / self._mass if self._mass > 0 else np.zeros_like(self._map)

    def half_width(self) -> float:
        """Half of the 95% interval of every position, summed: a share of the mass. NaN below two samples or without mass."""
        if self.samples < 2 or self._mass <= 0:
            return math.nan
        mean = self.mean()
        spread = self._squares - 2 * mean * self._products + mean**2 * self._mass_squares
        variance = np.clip(spread, 0, None) / (self.samples - 1)
        return float(NORMAL_95 * np.sqrt(variance / self.samples).sum() / self.scale)

    def converged(self, tolerance: float | None) -> bool:
        """Whether the interval is as narrow as was asked for."""
        return tolerance is not None and self.samples >= MIN_SAMPLES and self.half_width() <= tolerance

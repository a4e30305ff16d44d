"""Bootstrap intervals over a stream, in memory that does not grow with it.

Poisson bootstrap (Chamandy et al. 2012, "Estimating uncertainty for massive data streams"): in each of R resamples a
sample counts k times, k ~ Poisson(1), which for many samples is the usual bootstrap; only R weighted sums are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from rfonnx.results.array_types import Floats

Sums = Mapping[str, Floats]
Figure = Callable[[Sums], Floats]
"""A figure as a function of sums; works on the last axis, so that it takes one set of sums or R of them."""

RESAMPLES = 500
LEVEL = 0.95
_BELOW = np.cumsum([math.exp(-1) / math.factorial(count) for count in range(9)])
COUNTS = np.searchsorted(_BELOW, (np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.float64)
"""Poisson(1) counts by 16 random bits, its inverse distribution function: adding samples takes a fifth of the time
that it takes with numpy's own Poisson generator."""

ROWS, WIDTH = 20, 24
"""Resamples and columns of one matrix product. From 2^18 multiplications on (OpenBLAS) threads are started for it, which wait
longer for each other than they work: 20 x 24 x 512 samples stay under that."""

MANY, GROUP = 512, 8
"""After so many samples, so many at a time are drawn together: sums over groups vary as much as sums over samples do, and the
interval's own error, that of 500 resamples, stays above what fewer units add."""

FEWEST = 10
"""Samples below which no interval is given: it would be too narrow."""


class Bootstrap:
    """Weighted sums of named columns over all samples, and over R resamples."""

    def __init__(self, seed: int = 0) -> None:
        self._generator = np.random.default_rng((seed, 0x626F6F74))
        self.total: dict[str, Floats] = {}
        self._resampled: dict[str, Floats] = {}
        self.samples = 0

    def add(self, columns: Sums) -> None:
        """Count a block of samples; each column is (samples,) or (samples, k)."""
        count = len(next(iter(columns.values())))
        if self.samples >= MANY:
            begins = np.arange(0, count, GROUP)
            columns = {name: np.add.reduceat(values, begins, 0) for name, values in columns.items()}
        self.samples += count
        count = len(next(iter(columns.values())))
        weights = COUNTS[self._generator.integers(0, len(COUNTS), (RESAMPLES // ROWS, ROWS, count), np.uint16)]
        # One product for many columns: small ones cost more in calls than in arithmetic.
        ends = np.cumsum([1 if values.ndim == 1 else values.shape[1] for values in columns.values()]).tolist()
        places = [
            end - 1 if v.ndim == 1 else slice(end - v.shape[1], end)
            for v, end in zip(columns.values(), ends, strict=True)
        ]
        together = np.empty((count, ends[-1]))
        for place, values in zip(places, columns.values(), strict=True):
            together[:, place] = values
        parts = [weights @ together[:, begin : begin + WIDTH] for begin in range(0, ends[-1], WIDTH)]
        totals, resampled = together.sum(0), np.concatenate(parts, 2).reshape(RESAMPLES, -1)
        for place, name in zip(places, columns, strict=True):
            self._count(self.total, name, totals[place])
            self._count(self._resampled, name, resampled[:, place])

    @staticmethod
    def _count(kept: dict[str, Floats], name: str, more: Floats) -> None:
        kept[name] = _sum(kept[name], more) if name in kept else more

    def interval(self, figure: Figure) -> tuple[float, float] | tuple[None, None]:
        """95% percentile interval; (None, None) with under `FEWEST` samples or when the figure is infinite in a resample."""
        if self.samples < FEWEST:
            return None, None
        values = figure(self._resampled)
        if not np.isfinite(values).all():
            return None, None
        low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)


def wilson(share: float, samples: int) -> tuple[float, float]:
    """95% interval of a share of samples (Wilson 1927), which holds for few of them and for shares of 0 and 1.

    >>> [round(end, 3) for end in wilson(1.0, 40)]
    [0.912, 1.0]
    """
    z = 1.959964
    center = (share + z * z / (2 * samples)) / (1 + z * z / samples)
    half = z / (1 + z * z / samples) * math.sqrt(share * (1 - share) / samples + z * z / (4 * samples**2))
    return max(0.0, center - half), min(1.0, center + half)


def _sum(one: Floats, other: Floats) -> Floats:
    """The sum; a column that has grown wider since (a class not met before) is filled up with zeros."""
    if one.shape != other.shape:
        width = max(one.shape[-1], other.shape[-1])
        one, other = (np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, width - a.shape[-1])]) for a in (one, other))
    return one + other

"""What becomes of single elements: quantiles of their errors, and how many lie beyond a tolerance.

Quantiles come of a histogram over the logarithm of |d|, 16 bins an octave, so they are right within 2.2% (half a bin is
2^(1/32)), in memory that does not grow; of at most `MOST` elements of each sample, drawn once for all samples.
"""

from __future__ import annotations

import numpy as np

from rfonnx.comparing.figures.metrics import share
from rfonnx.comparing.tasks.reader import Batch, Counted, Figure
from rfonnx.results.array_types import Floats, Int64

MOST = 512
"""Elements of a sample that quantiles are taken of, at most."""

PER_OCTAVE, LOWEST, HIGHEST = 16, -130, 130
"""Bins of a factor of two, and the powers of two between which errors are told apart."""

ELEMENTS = ("median_abs", "p99_abs", "beyond")
"""The measures."""

BINS = (HIGHEST - LOWEST) * PER_OCTAVE + 1
"""The first is for errors of 0, and those under 2^LOWEST."""


class Elements:
    """Counts elements of outputs of one shape.

    Args:
        tolerance: absolute and relative; None: none was asked for.
    """

    def __init__(self, tolerance: tuple[float, float] | None) -> None:
        self._tolerance = tolerance
        self._drawn: dict[int, Int64] = {}
        self.figures = {
            "median_abs": Figure(lambda s: quantile(s["error_bins"], 0.5), "none"),
            "p99_abs": Figure(lambda s: quantile(s["error_bins"], 0.99), "none"),
        }
        if tolerance is not None:
            self.figures["beyond"] = Figure(lambda s: share(s["beyond"], s["elements"]), "resampled")

    def count(self, batch: Batch) -> Counted:
        """Columns of a batch: the histogram, and elements beyond the tolerance."""
        teacher, student = batch.flat()
        size = teacher.shape[1]
        if size > MOST:
            if size not in self._drawn:
                self._drawn = {size: np.sort(np.random.default_rng(size).choice(size, MOST, replace=False))}
            few = (teacher[:, self._drawn[size]], student[:, self._drawn[size]])
        else:
            few = (teacher, student)
        errors = np.abs(few[1].astype(np.float64) - few[0].astype(np.float64))
        sums = {}
        if self._tolerance is not None:
            wide = teacher.astype(np.float64)
            allowed = self._tolerance[0] + self._tolerance[1] * np.abs(wide)
            sums["beyond"] = (np.abs(student.astype(np.float64) - wide) > allowed).sum(1).astype(np.float64)
            sums["elements"] = np.full(len(wide), float(size))
        return Counted(sums, totals={"error_bins": histogram(errors)})


def histogram(errors: Floats) -> Floats:
    """(BINS,): how many errors lie in each bin.

    Args:
        errors: not negative, finite.
    """
    with np.errstate(divide="ignore"):
        place = np.floor((np.log2(errors) - LOWEST) * PER_OCTAVE) + 1
    which = np.clip(place, 0, BINS - 1).astype(np.int64).ravel()
    return np.bincount(which, minlength=BINS).astype(np.float64)


def quantile(counts: Floats, share: float) -> Floats:
    """The error that `share` of the elements do not exceed, at the middle of its bin; NaN without elements."""
    total = counts.sum()
    if not total:
        return np.asarray(np.nan)
    index = int(np.searchsorted(np.cumsum(counts), share * total))
    return np.asarray(0.0 if index == 0 else 2.0 ** (LOWEST + (index - 0.5) / PER_OCTAVE))

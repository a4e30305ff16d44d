"""Where and how large errors are, in bounded size: a histogram of |d| and its mean per position, d = student - teacher."""

from __future__ import annotations

import numpy as np

from rfonnx.results.agreement import ErrorHistogram, ErrorMap
from rfonnx.results.array_types import Floats

CELLS = 64
"""Most cells of a map along an axis."""

DIGITS = 4
"""Of a figure of a map: it becomes a colour."""

BIASES = 127
"""float32 keeps the exponent e of 2^e as e + 127, in the 8 bits above its 23 of fraction."""


class Pictures:
    """Gathers both over batches."""

    def __init__(self) -> None:
        self._counts = np.zeros(256, np.int64)
        self._shape: tuple[int, ...] | None = None
        self._axes: tuple[int, ...] = ()
        self._sum: Floats = np.zeros(())
        self._samples = 0

    def add(self, teacher: np.ndarray, student: np.ndarray) -> None:
        """Count outputs of equal shape, (samples, ...), finite."""
        errors = np.abs(np.subtract(student, teacher, dtype=np.float64)).astype(np.float32)
        self._counts += np.bincount((errors.view(np.int32) >> 23).ravel(), minlength=256)
        if self._shape is None:
            self._shape = errors.shape[1:]
            longest = sorted(range(len(self._shape)), key=lambda axis: -errors.shape[axis + 1])
            self._axes = tuple(sorted(longest[:2]))
            self._sum = np.zeros([min(CELLS, self._shape[axis]) for axis in self._axes])
        if errors.shape[1:] == self._shape:
            others = tuple(axis for axis in range(errors.ndim) if axis - 1 not in self._axes)
            self._sum += _reduced(errors.sum(others, dtype=np.float64))
            self._samples += len(errors)

    def histogram(self) -> ErrorHistogram | None:
        """Counts of |d| by powers of 2; None when nothing was counted."""
        found = np.flatnonzero(self._counts[1:]) + 1
        if not self._counts.any():
            return None
        first, last = (int(found[0]), int(found[-1])) if found.size else (BIASES, BIASES - 1)
        edges = tuple(2.0 ** (exponent - BIASES) for exponent in range(first, last + 2))
        return ErrorHistogram(
            edges if found.size else (), tuple(self._counts[first : last + 1].tolist()), int(self._counts[0])
        )

    def map(self) -> ErrorMap | None:
        """Mean |d| over samples and all axes but the two longest; None for outputs without axes."""
        if self._shape is None or not self._axes or not self._samples:
            return None
        lengths = tuple(self._shape[axis] for axis in self._axes)
        positions = self._sum.size and np.prod(self._shape) / np.prod(lengths) * self._samples
        sizes = _reduced(np.ones(lengths))
        means = np.divide(self._sum, sizes * positions, out=np.zeros_like(self._sum), where=sizes > 0)
        rows = np.atleast_2d(means)
        cells = tuple(tuple(float(f"{value:.{DIGITS}g}") for value in row) for row in rows.tolist())
        return ErrorMap(tuple(axis + 1 for axis in self._axes), lengths, cells, self._samples)


def _reduced(values: Floats) -> Floats:
    """Sums over at most `CELLS` cells along each axis, of lengths that differ by one at most."""
    for axis, length in enumerate(values.shape):
        if length > CELLS:
            begins = np.arange(CELLS) * length // CELLS
            values = np.add.reduceat(values, begins, axis)
    return values

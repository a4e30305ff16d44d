"""Pictures in characters: what is larger than the largest picture is drawn in blocks, each by its mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 32, 64
"""Largest picture; a character is about twice as high as wide, so this is about a square."""


def blocks(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], str]:
    """Means of the blocks of an array (rows, columns), the last ones maybe smaller; and the size of a block in words, or "".

    >>> blocks(np.eye(2))
    (array([[1., 0.],
           [0., 1.]]), '')
    """
    means: npt.NDArray[Any] = values
    sizes = [-(-length // most) or 1 for length, most in zip(values.shape, (ROWS, COLUMNS), strict=True)]
    for axis, size in enumerate(sizes):
        starts = np.arange(0, values.shape[axis], size)
        counts = np.diff(starts, append=values.shape[axis])
        means = np.add.reduceat(means, starts, axis, np.float64) / np.expand_dims(counts, 1 - axis)
    return means, "" if sizes == [1, 1] else f"a character is {sizes[0]} x {sizes[1]} positions"

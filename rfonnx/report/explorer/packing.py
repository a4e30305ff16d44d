"""Whole numbers, packed: differences between neighbours, as runs. Tables of windows are long, and mostly go on evenly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

MOST = 2**53 - 1
"""Largest whole number that a script holds exactly."""


def packed(values: Int64) -> list[int]:
    """`[difference, count, difference, count, ...]`, the first difference from 0; `accessUnpacked` in access.js undoes it.

    >>> packed(np.array([3, 5, 7, 9]))
    [3, 1, 2, 3]
    """
    flat = np.asarray(values, np.int64).reshape(-1)
    if flat.size < 2:
        return [int(flat[0]), 1] if flat.size else []
    steps = flat.copy()
    steps[1:] -= flat[:-1]
    ends = np.flatnonzero(steps[1:] != steps[:-1]) + 1
    runs = np.empty((ends.size + 1, 2), np.int64)
    runs[0, 0], runs[1:, 0] = steps[0], steps[ends]
    runs[:-1, 1], runs[-1, 1] = ends, flat.size
    runs[1:, 1] -= ends
    found: list[int] = runs.reshape(-1).tolist()
    return found

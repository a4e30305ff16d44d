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
    if not flat.size:
        return []
    steps = np.diff(flat, prepend=0)
    starts = np.flatnonzero(np.concatenate(([True], steps[1:] != steps[:-1])))
    counts = np.diff(starts, append=steps.size)
    runs: list[int] = np.stack((steps[starts], counts), axis=1).reshape(-1).tolist()
    return runs

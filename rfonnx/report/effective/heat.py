"""A map drawn in characters: each step is half as strong as the one before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 32, 64
"""Largest picture; a character is about twice as high as wide, so this is about a square."""

RAMP = "@%#*+=-:."
"""From the strongest down; "." stands for all that is weaker, a blank for nothing."""

LEGEND = f"{RAMP[0]} strongest, each of {RAMP[1:-1]} half as strong, {RAMP[-1]} weaker, blank nothing"


def heat(values: npt.NDArray[np.float64]) -> tuple[list[str], str]:
    """The lines of a picture of a map (rows, columns) of values >= 0, and what its characters mean.

    A map larger than the largest picture is drawn in blocks, by their mean.

    >>> heat(np.array([[0.0, 1.0, 8.0, 4.0]]))[0]
    [' *@%']
    """
    high, wide = (max(1, -(-n // most)) for n, most in zip(values.shape, (ROWS, COLUMNS), strict=True))
    blocks = _means(_means(values, high, 0), wide, 1)
    legend = LEGEND if high == wide == 1 else f"{LEGEND}; a character is {high} x {wide} positions"
    return list(_lines(blocks)), legend


def _means(values: npt.NDArray[np.float64], size: int, axis: int) -> npt.NDArray[np.float64]:
    """Means of blocks along an axis; the last block may be shorter."""
    starts = np.arange(0, values.shape[axis], size)
    counts = np.diff(np.append(starts, values.shape[axis]))
    shape = [1, 1]
    shape[axis] = -1
    means: npt.NDArray[np.float64] = np.add.reduceat(values, starts, axis) / counts.reshape(shape)
    return means


def _lines(blocks: npt.NDArray[np.float64]) -> Iterator[str]:
    top = blocks.max()
    for row in blocks:
        # The step is floor(log2(top / value)).
        yield "".join(" " if value <= 0 else RAMP[min(int(np.log2(top / value)), len(RAMP) - 1)] for value in row)

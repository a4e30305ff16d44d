"""Pictures in characters, of maps and masks: what is larger than the largest picture is drawn in blocks, each by its mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 32, 64
"""Largest picture; a character is about twice as high as wide, so this is about a square."""

RAMP = "@%#*+=-:."
"""From the strongest down; "." stands for all that is weaker, a blank for nothing."""

LEGEND = f"{RAMP[0]} strongest, each of {RAMP[1:-1]} half as strong, {RAMP[-1]} weaker, blank nothing"


def blocks(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], str]:
    """Means of the blocks of an array (rows, columns), the last ones maybe smaller; and the size of a block in words, or "".

    >>> blocks(np.eye(2))
    (array([[1., 0.],
           [0., 1.]]), '')
    """
    means: npt.NDArray[Any] = values
    sizes, told = block_sizes(values.shape)
    for axis, size in enumerate(sizes):
        starts = np.arange(0, values.shape[axis], size)
        counts = np.diff(starts, append=values.shape[axis])
        means = np.add.reduceat(means, starts, axis, np.float64) / np.expand_dims(counts, 1 - axis)
    return means, told


def block_sizes(shape: Sequence[int]) -> tuple[list[int], str]:
    """How many rows and columns a character stands for where so many are drawn; and the same in words, or ""."""
    sizes = [-(-length // most) or 1 for length, most in zip(shape, (ROWS, COLUMNS), strict=True)]
    return sizes, "" if sizes == [1, 1] else f"a character is {sizes[0]} x {sizes[1]} positions"


def heat(values: npt.NDArray[np.float64]) -> tuple[list[str], str]:
    """The lines of a picture of a map (rows, columns) of values >= 0, and what its characters mean.

    >>> heat(np.array([[0.0, 1.0, 8.0, 4.0]]))[0]
    [' *@%']
    """
    means, size = blocks(values)
    top = means.max()
    # The step is floor(log2(top / value)).
    lines = [
        "".join(" " if value <= 0 else RAMP[min(int(np.log2(top / value)), len(RAMP) - 1)] for value in row)
        for row in means
    ]
    return lines, f"{LEGEND}; {size}" if size else LEGEND


def picture(mask: npt.NDArray[np.bool_]) -> tuple[list[str], str]:
    """The lines of a picture of a mask (rows, columns), and what its characters mean.

    >>> picture(np.array([[True, False, True]]))
    (['#.#'], '# used, . not used')
    """
    return picture_of(*blocks(mask))


def picture_of(shares: npt.NDArray[np.float64], size: str) -> tuple[list[str], str]:
    """The same of the share of each block that is used, and the size of a block in words."""
    lines = ["".join("#" if share == 1 else "+" if share else "." for share in row) for row in shares]
    return lines, f"# all used, + some used, . none used; {size}" if size else "# used, . not used"

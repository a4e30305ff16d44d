"""A mask drawn in characters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 32, 64
"""Largest picture; a character is about twice as high as wide, so this is about a square."""

LEGEND = "# read, . not read"
LEGEND_BLOCKS = "# all read, + some read, . none read; each character is {0} x {0} positions"


def picture(mask: npt.NDArray[np.bool_]) -> tuple[list[str], str]:
    """The lines of a picture of a mask (rows, columns), and what its characters mean.

    A mask larger than the largest picture is drawn in square blocks.

    >>> picture(np.array([[True, False, True]]))
    (['#.#'], '# read, . not read')
    """
    rows, columns = mask.shape
    block = max(1, -(-rows // ROWS), -(-columns // COLUMNS))
    return list(_lines(mask, block)), LEGEND if block == 1 else LEGEND_BLOCKS.format(block)


def _lines(mask: npt.NDArray[np.bool_], block: int) -> Iterator[str]:
    for top in range(0, mask.shape[0], block):
        band = mask[top : top + block]
        cells = [band[:, left : left + block] for left in range(0, mask.shape[1], block)]
        yield "".join("#" if cell.all() else "+" if cell.any() else "." for cell in cells)

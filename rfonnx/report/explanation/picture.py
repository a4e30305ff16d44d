"""A mask drawn in characters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 32, 64
"""Largest picture; a character is about twice as high as wide, so this is about a square."""

LEGEND = "# used, . not used"
LEGEND_BLOCKS = "# all used, + some used, . none used; each character is {} x {} positions"


def picture(mask: npt.NDArray[np.bool_]) -> tuple[list[str], str]:
    """The lines of a picture of a mask (rows, columns), and what its characters mean.

    A mask larger than the largest picture is drawn in blocks.

    >>> picture(np.array([[True, False, True]]))
    (['#.#'], '# used, . not used')
    """
    rows, columns = mask.shape
    high, wide = max(1, -(-rows // ROWS)), max(1, -(-columns // COLUMNS))
    return list(_lines(mask, high, wide)), LEGEND if high == wide == 1 else LEGEND_BLOCKS.format(high, wide)


def _lines(mask: npt.NDArray[np.bool_], high: int, wide: int) -> Iterator[str]:
    for top in range(0, mask.shape[0], high):
        band = mask[top : top + high]
        cells = [band[:, left : left + wide] for left in range(0, mask.shape[1], wide)]
        yield "".join("#" if cell.all() else "+" if cell.any() else "." for cell in cells)

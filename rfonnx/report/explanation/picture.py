"""A mask drawn in characters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfonnx.report.blocks import blocks


def picture(mask: npt.NDArray[np.bool_]) -> tuple[list[str], str]:
    """The lines of a picture of a mask (rows, columns), and what its characters mean.

    >>> picture(np.array([[True, False, True]]))
    (['#.#'], '# used, . not used')
    """
    shares, size = blocks(mask)
    lines = ["".join("#" if share == 1 else "+" if share else "." for share in row) for row in shares]
    return lines, f"# all used, + some used, . none used; {size}" if size else "# used, . not used"

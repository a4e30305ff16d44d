"""A map drawn in characters: each step is half as strong as the one before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfonnx.report.blocks import blocks

RAMP = "@%#*+=-:."
"""From the strongest down; "." stands for all that is weaker, a blank for nothing."""

LEGEND = f"{RAMP[0]} strongest, each of {RAMP[1:-1]} half as strong, {RAMP[-1]} weaker, blank nothing"


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

"""What facts are derived from: an analysis, as this package sees it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from rfonnx.results.plain import Outline

Int64 = npt.NDArray[np.int64]


FAR = 2**62
"""Beyond every position."""


def hull(lo: Int64, hi: Int64, axes: tuple[int, ...]) -> tuple[Int64, Int64]:
    """Intervals of positions along some axes taken together (length 1 then); `hi < lo` where nothing is read."""
    reads = lo <= hi
    least = np.where(reads, lo, FAR).min(axis=axes, keepdims=True, initial=FAR)
    return least, np.where(reads, hi, -FAR).max(axis=axes, keepdims=True, initial=-FAR)


class Fields(Outline, Protocol):
    """Fields and intervals of a model; `rfonnx.Analysis` is one."""

    @property
    def slid(self) -> tuple[tuple[str, int], ...]:
        """As `rfonnx.Analysis.slid`."""
        ...

    @property
    def windowed(self) -> tuple[tuple[str, int], ...]: ...
    def intervals(self, tensor: str, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """As `rfonnx.Analysis.intervals`."""
        ...

"""What facts are derived from: an analysis, as this package sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rfonnx.results.plain import Outline

if TYPE_CHECKING:
    from rfonnx.analysis.derive.time import Time

Int64 = npt.NDArray[np.int64]


class Fields(Outline, Protocol):
    """Fields and intervals of a model; `rfonnx.Analysis` is one."""

    @property
    def slid(self) -> tuple[tuple[str, int], ...]:
        """As `rfonnx.Analysis.slid`."""
        ...

    @property
    def windowed(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def time(self) -> Time:
        """What runs along the axes of inputs."""
        ...

    def intervals(self, tensor: str, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """As `rfonnx.Analysis.intervals`."""
        ...

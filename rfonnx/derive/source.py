"""What facts are derived from: an analysis, as this package sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rfonnx.results import Shape, TensorField

Int64 = npt.NDArray[np.int64]


class Fields(Protocol):
    """Fields and intervals of a model; `rfonnx.Analysis` is one."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def input_shapes(self) -> Mapping[str, Shape]: ...
    @property
    def tensors(self) -> Mapping[str, TensorField]: ...
    @property
    def windowed(self) -> tuple[tuple[str, int], ...]: ...
    def intervals(self, tensor: str, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """As `rfonnx.Analysis.intervals`."""
        ...

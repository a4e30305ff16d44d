"""Interval propagation over access programs (C++). Sources are numbered inputs first, then tensors."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from rfonnx.operators.access.primitives import Step

PRIMITIVES: dict[str, tuple[str, ...]]
"""The access primitives that the core knows: their fields, in order."""

_Value = TypeVar("_Value", bound=np.generic)
_Patches = list[tuple[list[list[tuple[int, int, int]]], npt.NDArray[_Value]]]
"""Boxes of positions, apart from each other or one over the other: by axis stretches of positions, (first, how many, period), and
an array over their values (cpp/side.hpp)."""

class Result:
    @property
    def axes(self) -> list[tuple[int, int]]:
        """(input, axis) of every column: all axes of all inputs, in order."""
    @property
    def exact(self) -> list[bool]:
        """By tensor: both ends of every clipped interval are read for generic weights."""
    @property
    def widened(self) -> list[bool]:
        """By tensor: an interval table outgrew its limit on the way here."""
    @property
    def misaligned_joins(self) -> list[tuple[int, int]]:
        """(tensor, column) of every join whose paths arrive with different centres or strides."""
    @property
    def global_steps(self) -> list[tuple[int, int]]:
        """(tensor, column) of every tensor that takes a whole axis which came from that input axis into each position."""
    def intervals(
        self, source: int, axis: int, clip: bool, positions: Sequence[tuple[int, int, int]] = ...
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """lo, hi: int64, of the source's rank, length 1 along the axes that they do not depend on; `hi < lo` is empty.

        positions: (first, how many, how far apart) by axis of the source; none: all.
        """
    def reaching(self, source: int, axis: int) -> tuple[int, int]:
        """How many positions see the input's axis from border to border, and of how many: those of `intervals`, clipped."""
    def intervals_at(
        self, source: int, axis: int, clip: bool, positions: Sequence[npt.NDArray[np.int64]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The same at some positions of each axis of the source, as long as there are positions along each."""
    def landmarks(
        self, source: int, axis: int, own_axis: int = ..., period: int = ..., cuts: Sequence[int] = ...
    ) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        """By axis of the source: positions that tell all of its two fields, and how many each stands for (cpp/landmarks.hpp).

        own_axis, period, cuts: an axis whose positions are asked for themselves, as `o / period`, in parts; -1: none.
        """
    def holding(
        self, source: int, axis: int, at: int
    ) -> tuple[int, list[tuple[int, int, int]], npt.NDArray[np.uint8]] | None:
        """Which positions have position `at` of the input's axis in their interval, clipped: (an axis of the source, -1 where all
        are alike; its spans as in `_Patches`; by value whether they have it). None: only `intervals` tells."""
    def box(self, source: int, position: list[int], clip: bool) -> list[tuple[int, int]]:
        """Per column (lo, hi) at one position."""
    def summaries(self) -> dict[str, npt.NDArray[np.generic]]:
        """Columns over (source, column), row-major: the numbers of `rfonnx.results.fields.AxisField`."""
    def support(self, source: int, position: list[int], input: int) -> _Patches[np.uint8]:
        """Which positions of an input reach a position: those that some patch has above 0."""
    def paths(self, source: int, position: list[int], input: int) -> _Patches[np.float64]:
        """Share of each position of an input at a position when every operator averages: the sum over patches."""
    def explain(self, source: int, axis: int) -> list[tuple[Any, ...]]:
        """Links as in cpp/explain.hpp, in the order of `rfonnx.analysis.explanation.Link`; the input first."""
    def centers(self, source: int, axis: int) -> list[tuple[int, int]]:
        """Centres at position 0, as (numerator, denominator), of the paths that meet in a source."""

def run(
    inputs: list[tuple[str, tuple[int, ...]]],
    tensors: list[tuple[str, tuple[int, ...], Sequence[tuple[int, tuple[Step, ...]]], bool]],
    runs_from: int = ...,
) -> Result:
    """Validate and propagate a program: tensors are (name, shape, paths, exact), paths are (source, steps).

    runs_from: walks along axes of so many positions are kept as runs, shorter ones as tables; answers are the same.

    Raises:
        ValueError: a step does not fit, or a path does not arrive at the tensor's shape.
        OverflowError: a position exceeds 64 bits.
    """

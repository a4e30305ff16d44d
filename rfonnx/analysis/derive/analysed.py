"""What facts are derived from: an analysis, as this package sees it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rfonnx.results.array_types import Floats, Int64
from rfonnx.results.landmarks import Landmarks
from rfonnx.results.plain import Outline
from rfonnx.system.named import NamedTuple

Pair = tuple[str, int]
"""An input, or an output, and one of its axes."""

FAR = 2**62
"""Beyond every position."""


def hull(lo: Int64, hi: Int64, axes: tuple[int, ...]) -> tuple[Int64, Int64]:
    """Intervals of positions along some axes taken together (length 1 then); `hi < lo` where nothing is read."""
    reads = lo <= hi
    least = np.where(reads, lo, FAR).min(axis=axes, keepdims=True, initial=FAR)
    return least, np.where(reads, hi, -FAR).max(axis=axes, keepdims=True, initial=-FAR)


class Figures(NamedTuple):
    """Figures of all fields: by the axes that were asked for, then by source (inputs first, then the tensors of the program).

    Attributes:
        size: unbounded.
        reaches: the middle position sees from border to border.
        seen: something is seen.
        exact: of each source, along all axes.
    """

    size: list[list[int]]
    reaches: list[list[bool]]
    seen: list[list[bool]]
    exact: list[bool]


class Fields(Outline, Protocol):
    """Fields and intervals of a model; `rfonnx.Analysis` is one."""

    @property
    def slid(self) -> tuple[tuple[str, int], ...]:
        """As `rfonnx.Analysis.slid`."""
        ...

    @property
    def windowed(self) -> tuple[tuple[str, int], ...]: ...
    def intervals(
        self, tensor: str, input: str, axis: int, clip: bool = True, positions: Sequence[slice | Int64] | None = None
    ) -> tuple[Int64, Int64]:
        """As `rfonnx.Analysis.intervals`."""
        ...

    def reaching(self, tensor: str, input: str, axis: int) -> tuple[int, int]:
        """As `rfonnx.Analysis.reaching`."""
        ...

    def landmarks(
        self, tensor: str, input: str, axis: int, along: int | None = None, period: int = 1, cuts: Sequence[int] = ()
    ) -> tuple[Landmarks, ...]:
        """As `rfonnx.Analysis.landmarks`."""
        ...


def told(fields: Fields, tensor: str, pair: Pair, clip: bool = True) -> tuple[Int64, Int64]:
    """Intervals at landmarks alone: the least and the greatest of them are those of all positions."""
    places = [marks.positions for marks in fields.landmarks(tensor, *pair)]
    return fields.intervals(tensor, *pair, clip=clip, positions=places)


def length_of(fields: Outline, pair: Pair) -> int:
    """Positions of an input axis; 0 where it is not known."""
    return (fields.input_shapes[pair[0]] or ())[pair[1]] or 0


def on_input(
    fields: Fields, tensor: str, pair: Pair, places: Sequence[slice | Int64]
) -> tuple[npt.NDArray[np.bool_], Int64, Int64]:
    """How long the fields of some positions are, and how much of each lies on the input.

    Returns:
        Which positions see anything; of these alone the length of the field, and of what of it is on the input.
    """
    unbounded, clipped = (fields.intervals(tensor, *pair, clip, places) for clip in (False, True))
    low, high, first, last = np.broadcast_arrays(*unbounded, *clipped)
    read = low <= high
    inside = np.where(first <= last, last - first + 1, 0)
    return read, (high - low + 1)[read], inside[read]


def weights(marks: Sequence[Landmarks]) -> Floats:
    """How many positions each combination of landmarks stands for; axes on which nothing depends count once."""
    along = [one.weights if len(one.weights) > 1 else np.ones(len(one.weights)) for one in marks]
    return np.asarray(reduce(np.multiply.outer, along, np.ones(())))

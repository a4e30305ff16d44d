"""What a report reads: results only, so that reports and analyses can change without each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from rfonnx.results.fields import ExplainStep, Kind
from rfonnx.results.plain import Analysed
from rfonnx.system.named import NamedTuple

if TYPE_CHECKING:  # `rfonnx report --help` needs no numpy
    import numpy as np
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]


class Refused(NamedTuple):
    """A model that cannot be reported.

    Attributes:
        model: its file, as given.
        reason: why, in a line.
    """

    model: str
    reason: str


class Source(Analysed, Protocol):
    """An analysis as reports see it; `rfonnx.Analysis` is one."""

    @property
    def joins(self) -> tuple[tuple[str, str, int, tuple[Fraction, ...]], ...]:
        """Joins whose branches differ in stride or centre: (tensor, input, axis, the centres at position 0)."""
        ...

    @property
    def globals(self) -> tuple[tuple[str, str, int], ...]:
        """Operators that take a whole spatial axis into each position: (tensor, input, axis)."""
        ...

    @property
    def windowed(self) -> tuple[tuple[str, int], ...]:
        """The (input, axis) pairs that a window slides along: the spatial ones."""
        ...

    @property
    def twins(self) -> Mapping[tuple[str, int], tuple[str, int]]:
        """By (input, axis): another axis of the input, along which all tensors see the same."""
        ...

    @property
    def inexact(self) -> int:
        """How many tensors see at most what they show."""
        ...

    @property
    def assumed(self) -> Mapping[str, Sequence[str]]:
        """What was assumed of exact tensors: their names, by what it is."""
        ...

    def changing_along(self, pairs: Sequence[tuple[str, int]]) -> Sequence[str]:
        """Tensors whose fields along some (input, axis), number of elements or exactness differ from the one's before."""
        ...

    def kinds_along(self, pairs: Sequence[tuple[str, int]]) -> Collection[Kind]:
        """The kinds of the fields of all tensors along some (input, axis)."""
        ...

    def misaligned(self, tensor: str, *, input: str, axis: int) -> bool:
        """Whether branches that look at different places met on the way to a tensor, and not as those of a causal net do."""
        ...

    def intervals(self, tensor: str, *, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """lo and hi of every position of a tensor along an input axis; they broadcast to the tensor's shape."""
        ...

    def explain(self, tensor: str, *, input: str, axis: int) -> tuple[ExplainStep, ...]:
        """The chain of operators that made a field as large as it is, from the input to `tensor`."""
        ...

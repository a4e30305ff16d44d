"""What a report reads: results only, so that reports and analyses can change without each other."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from rfonnx.plain import Analysed
from rfonnx.results import ExplainStep


class Source(Analysed, Protocol):
    """An analysis as reports see it; `rfonnx.Analysis` is one."""

    @property
    def joins(self) -> tuple[tuple[str, str, int, tuple[Fraction, ...]], ...]:
        """Joins whose branches differ in stride or centre: (tensor, input, axis, the centres at position 0)."""
        ...

    @property
    def windowed(self) -> tuple[tuple[str, int], ...]:
        """The (input, axis) pairs that a window slides along: the spatial ones."""
        ...

    def explain(self, tensor: str, *, input: str, axis: int) -> tuple[ExplainStep, ...]:  # noqa: A002  the contract
        """The chain of operators that made a field as large as it is, from the input to `tensor`."""
        ...

"""What a report reads: results only, so that reports and analyses can change without each other."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Protocol

from rfonnx.results.fields import ExplainStep, ModelInfo, OutputFacts, Shape, TensorField
from rfonnx.results.plain import Analysed


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

    def misaligned(self, tensor: str, *, input: str, axis: int) -> bool:
        """Whether branches that look at different places met on the way to a tensor, and not as those of a causal net do."""
        ...

    def explain(self, tensor: str, *, input: str, axis: int) -> tuple[ExplainStep, ...]:
        """The chain of operators that made a field as large as it is, from the input to `tensor`."""
        ...


class Held:
    """A source asked for each thing once: an analysis makes its tensors and chains anew at every question."""

    def __init__(self, source: Source) -> None:
        self.model: ModelInfo = source.model
        self.inputs = source.inputs
        self.outputs = source.outputs
        self.input_shapes: Mapping[str, Shape] = source.input_shapes
        self.values = source.values
        self.warnings = source.warnings
        self.joins = source.joins
        self.globals = source.globals
        self.windowed = source.windowed
        self.tensors: dict[str, TensorField] = dict(source.tensors)
        self._source = source
        self._chains: dict[tuple[str, str, int], tuple[ExplainStep, ...]] = {}

    @property
    def facts(self) -> Mapping[str, OutputFacts]:
        """Derived facts by output; the source works them out when first asked."""
        return self._source.facts

    def misaligned(self, tensor: str, *, input: str, axis: int) -> bool:
        """As `Source.misaligned`."""
        return self._source.misaligned(tensor, input=input, axis=axis)

    def explain(self, tensor: str, *, input: str, axis: int) -> tuple[ExplainStep, ...]:
        """As `Source.explain`."""
        key = (tensor, input, axis)
        if key not in self._chains:
            self._chains[key] = self._source.explain(tensor, input=input, axis=axis)
        return self._chains[key]

"""Why one tensor sees what it sees: chains of operators, the exact positions read, and the positions that read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol

from rfonnx.errors import QueryError
from rfonnx.report.explanation.footprint import Backdrop, Footprint, Interval, footprint
from rfonnx.report.fields.view import AxesChoice, pick_axes, unknown_tensor
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import ExplainStep, Shape, TensorField
from rfonnx.results.naming import tensor_called
from rfonnx.results.reads import Grid, Reads


class Explained(Source, Protocol):
    """An analysis that also answers for single positions; `rfonnx.Analysis` is one."""

    def reads(self, tensor: str, position: Sequence[int], *, input: str) -> Reads:
        """Which positions of an input reach a position of a tensor."""
        ...

    def box(self, tensor: str, position: Sequence[int], clip: bool = True) -> Mapping[str, tuple[Interval, ...]] | None:
        """What a position sees, as intervals by input and axis; None where it sees nothing."""
        ...

    def seeing(self, tensor: str, origin: Sequence[int], *, input: str) -> tuple[Reads, tuple[int, ...]]:
        """Which positions of a tensor have a position of an input in their box, and along which axes that differs."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a tensor.

    Attributes:
        input: the input to look at; None for all that the tensor sees.
        axes: input axes to show, as in `View`.
        position: the tensor's position whose reads are shown; None for the middle.
        origin: a position of the input, to show which positions of the tensor see it; None to leave that out.
    """

    input: str | None = None
    axes: AxesChoice = "spatial"
    position: tuple[int, ...] | None = None
    origin: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The operators that made the field along some axes of an input, which have the same steps."""

    input: str
    axes: tuple[int, ...]
    steps: tuple[ExplainStep, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """Positions along one axis: the first, the last, and how many of those between them (closed) belong."""

    axis: int
    first: int
    last: int
    used: int

    @property
    def span(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Region:
    """Positions of `where`, an input or a tensor, that belong to position `of` of the other.

    Attributes:
        extents: by shown axis; empty when no position belongs.
        drawn: the (at most two) axes of `grid`, the last ones shown.
        grid: which positions belong, over any position along the other axes.
    """

    where: str
    of: tuple[int, ...]
    extents: tuple[Extent, ...]
    drawn: tuple[Extent, ...]
    grid: Grid

    @property
    def box(self) -> tuple[tuple[int, int], ...]:
        """From the first to the last position along the drawn axes."""
        return tuple((extent.first, extent.last) for extent in self.drawn)

    @property
    def full(self) -> bool:
        """Whether all positions of that box belong."""
        return bool(self.grid.total() == prod(extent.span for extent in self.drawn))


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is said of one tensor. `reads` are regions of inputs, `reached` of the tensor itself; `values` are those of the
    bound inputs, under which it holds. `model` is the file's name. What the tensor's `position` reads of inputs, their
    `footprints`, is drawn over a `backdrop`."""

    tensor: TensorField
    input_shapes: dict[str, Shape]
    chains: tuple[Chain, ...]
    reads: tuple[Region, ...]
    reached: tuple[Region, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    position: tuple[int, ...] = ()
    footprints: tuple[Footprint, ...] = ()
    backdrop: Backdrop | None = None


def explanation(source: Explained, name: str, question: Question) -> Explanation:
    """Answer the question about tensor `name`.

    Raises:
        QueryError: no such tensor, input, axis or position.
    """
    tensor = source.tensors.get(tensor_called(source.tensors, name))
    if tensor is None:
        raise unknown_tensor(source, name)
    seen = tuple(_inputs(source, tensor, question.input))
    axes = pick_axes(source, question.axes)
    if question.axes == "spatial":
        # An input that no window slides along is still one that was asked about.
        axes = {**pick_axes(source, "all"), **axes}
    position = question.position if question.position is not None else _middle(source, tensor)
    origins = () if question.origin is None else seen
    if len(origins) > 1:
        raise QueryError(
            f"{source.model.name}: '{name}' sees {len(seen)} inputs", "say with --input which one is meant"
        )
    reads = {given: source.reads(name, position, input=given) for given in seen}
    clipped, unbounded = source.box(name, position) or {}, source.box(name, position, clip=False) or {}
    return Explanation(
        tensor,
        {given: source.input_shapes.get(given) for given in seen},
        tuple(chain for given in seen for chain in _chains(source, name, given, axes.get(given, ()))),
        tuple(_region(given, position, read, axes.get(given, ())) for given, read in reads.items()),
        tuple(_reached(source, tensor, given, question.origin or ()) for given in origins),
        source.values,
        source.model.name,
        position,
        tuple(
            footprint(given, read, axes.get(given, ()), clipped[given], unbounded[given])
            for given, read in reads.items()
            if axes.get(given) and given in clipped and given in unbounded
        ),
    )


def _inputs(source: Explained, tensor: TensorField, wanted: str | None) -> Iterator[str]:
    if wanted is not None and wanted not in source.inputs:
        known = ", ".join(f"'{name}'" for name in source.inputs)
        raise QueryError(f"{source.model.name}: there is no input '{wanted}'", f"the inputs are {known}")
    for name in source.inputs if wanted is None else (wanted,):
        if any(field.kind != "none" for (given, _), field in tensor.fields.items() if given == name):
            yield name


def _middle(source: Explained, tensor: TensorField) -> tuple[int, ...]:
    lengths = [length for length in tensor.shape or () if length is not None]
    if tensor.shape is None or len(lengths) < len(tensor.shape):
        raise QueryError(
            f"{source.model.name}: the shape of '{tensor.name}' depends on data", "give a position with --at"
        )
    return tuple(length // 2 for length in lengths)


def _chains(source: Explained, name: str, given: str, axes: tuple[int, ...]) -> list[Chain]:
    """Axes with the same chain together: rows and columns of a picture mostly are."""
    by_steps: dict[tuple[ExplainStep, ...], list[int]] = {}
    for axis in axes:
        by_steps.setdefault(source.explain(name, input=given, axis=axis), []).append(axis)
    return [Chain(given, tuple(same), steps) for steps, same in by_steps.items() if steps]


def _reached(source: Explained, tensor: TensorField, given: str, origin: tuple[int, ...]) -> Region:
    """Positions of the tensor whose interval holds the origin along every axis: a superset where fields have holes."""
    lengths = [length or 0 for length in source.input_shapes.get(given) or ()]
    if len(origin) != len(lengths) or not all(-n <= p < n for p, n in zip(origin, lengths, strict=True)):
        shape = "x".join(map(str, lengths))
        told = f"{source.model.name}: position {origin} is not in input '{given}' of shape {shape}"
        raise QueryError(told, "give one index per axis")
    origin = tuple(p % n for p, n in zip(origin, lengths, strict=True))
    found, differs = source.seeing(tensor.name, origin, input=given)
    return _region(tensor.name, origin, found, differs or _long(found.shape))


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes to show of a tensor whose positions all see the same: the last two that have a length."""
    return tuple(axis for axis, length in enumerate(shape) if length > 1)[-2:]


def _region(where: str, of: tuple[int, ...], found: Reads, axes: tuple[int, ...]) -> Region:
    extents = []
    for axis in axes:
        used = found.along((axis,)).extent(0)
        if used is None:
            return Region(where, of, (), (), found.along(()))
        extents.append(Extent(axis, *used))
    drawn = tuple(extents[-2:])
    return Region(where, of, tuple(extents), drawn, found.along([extent.axis for extent in drawn]))

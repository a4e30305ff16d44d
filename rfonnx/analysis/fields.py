"""TensorField and AxisField of an analysed program, made from the core's columns when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache, cached_property
from itertools import compress, pairwise
from math import prod
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph
from rfonnx.graph.temporaries import is_temporary, named_by
from rfonnx.results.fields import AxisField, Kind, Shape, TensorField
from rfonnx.system.named import NamedTuple

if TYPE_CHECKING:
    from rfonnx._core import Result

KINDS: tuple[Kind, ...] = ("none", "local", "periodic", "block", "global")
"""By the number that the core gives them."""

WIDENED = "an interval table outgrew its limit and was widened; a smaller input shape gives exact intervals"

NOT_SIZED = "too many positions to compare one by one, its sizes lie between those shown; a smaller input shape gives exact sizes"


class Row(NamedTuple):
    """What the core says of a field, in the order of its columns: see cpp/summary.hpp and `AxisField`."""

    kind: int
    size: int
    size_min: int
    stride_numerator: int
    stride_denominator: int
    period: int
    start: int
    center_numerator: int
    center_denominator: int
    tensor_axis: int
    coverage: float
    aligned: int
    sized: int


LOOK = (
    *("kind", "size", "size_min", "stride_numerator", "stride_denominator", "start"),
    *("center_numerator", "center_denominator", "aligned"),
)
"""What people are shown of a field: not which axis of the tensor walks, since a transpose alone is no news."""

_fraction = cache(Fraction)
"""A deep model has few different ones."""


def summaries(program: Program, result: Result) -> np.ndarray:
    """A `Row` for every source (inputs first) along every input axis, as a record array of these two axes."""
    columns = result.summaries()
    table = np.empty(len(columns["kind"]), [(name, columns[name].dtype) for name in Row._fields])
    for name in Row._fields:
        table[name] = columns.pop(name)
    return table.reshape(len(program.inputs) + len(program.tensors), len(result.axes))


class Tensors(Mapping[str, TensorField]):
    """TensorField by name, made when asked for: a model may have a hundred thousand."""

    def __init__(
        self, graph: Graph, program: Program, result: Result, rows: np.ndarray, axes: Sequence[tuple[str, int]]
    ) -> None:
        """`rows`: as `summaries` gives them; `axes`: by column, the input's name and axis."""
        self._graph = graph
        self._result = result
        self._axes = axes
        self._tensors = program.tensors
        self._first = len(program.inputs)
        self._rows = rows
        self._sized = np.all(rows["sized"], axis=1)[self._first :].tolist()
        self._exact = [exact and sized for exact, sized in zip(result.exact, self._sized, strict=True)]
        self._notes = _notes_by_tensor(program, result.widened, self._sized)
        self._index = {t.name: i for i, t in enumerate(program.tensors) if not is_temporary(t.name)}
        self._made: dict[str, TensorField] = {}
        self._known: dict[bytes, AxisField] = {}  # by the record
        self._last: tuple[bytes, tuple[AxisField, ...]] = b"", ()  # the record of a source, and what was made of it

    def _ipython_key_completions_(self) -> list[str]:
        """The names, for the tab key after `tensors["`."""
        return list(self._index)

    def __getitem__(self, name: str) -> TensorField:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(name, self._index[name])
        return made

    def _make(self, name: str, index: int) -> TensorField:
        tensor = self._tensors[index]
        return TensorField(
            name,
            self._graph.shapes.get(name),
            self._graph.dtypes.get(name, ""),
            tensor.kind,
            tensor.node,
            self._exact[index],
            self._notes[index],
            dict(zip(self._axes, self._axis_fields(index + self._first), strict=True)),
        )

    def __contains__(self, name: object) -> bool:
        """Whether there is such a tensor; nothing is made for it."""
        return name in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def inexact(self) -> int:
        """How many tensors are not exact."""
        return sum(not self._exact[index] for index in self._index.values())

    def assumed(self) -> dict[str, list[str]]:
        """By what was assumed of exact tensors, their names."""
        found: dict[str, list[str]] = {}
        for name, index in self._index.items():
            for note in self._notes[index] if self._exact[index] else ():
                found.setdefault(note, []).append(name)
        return found

    def not_sized(self) -> Iterator[str]:
        """The tensors whose sizes are not exact along some input axis, though their intervals may be."""
        return (name for name, index in self._index.items() if not self._sized[index])

    @property
    def exact(self) -> Sequence[bool]:
        """By tensor of the program, temporaries among them."""
        return self._exact

    def kinds(self, columns: Sequence[int]) -> set[Kind]:
        """The kinds of fields that there are along some columns."""
        counts = np.bincount(self._rows["kind"][self._sources][:, columns].reshape(-1))
        return set(compress(KINDS, counts.tolist()))

    def changing(self, columns: Sequence[int]) -> list[str]:
        """Names of the tensors that differ from the one before in what `LOOK` names along some columns, in the number of their
        elements, or in whether they are exact; and of the first."""
        rows = self._rows[self._sources][:, columns]
        changes = np.zeros(max(len(rows) - 1, 0), bool)
        for figure in LOOK:
            changes |= (rows[figure][1:] != rows[figure][:-1]).any(axis=1)
        shape_of, known = self._graph.shapes.get, cache(_elements)
        told = [(known(shape_of(name)), self._exact[index]) for name, index in self._index.items()]
        others = (one != before for before, one in pairwise(told))
        changing = [bool(told), *map(or_, changes.tolist(), others)]
        return list(compress(self._index, changing))

    @cached_property
    def _sources(self) -> np.ndarray:
        """The numbers of these tensors as sources."""
        return self._first + np.fromiter(self._index.values(), np.int64, len(self._index))

    def _axis_fields(self, source: int) -> tuple[AxisField, ...]:
        """The field of each input axis. Elementwise operators pass on those of the tensor before; equal ones are one object."""
        record = self._rows[source].tobytes()
        if record == self._last[0]:
            return self._last[1]
        width = self._rows.itemsize
        keys = [record[begin : begin + width] for begin in range(0, len(record), width)]
        found = tuple(
            [self._known.get(key) or self._axis_field(source, column, key) for column, key in enumerate(keys)]
        )
        if all(key in self._known for key in keys):
            self._last = record, found
        return found

    def _axis_field(self, source: int, column: int, key: bytes) -> AxisField:
        row = Row(*self._rows[source, column].item())
        centers = () if row.aligned else tuple(self._result.centers(source, column))
        made = AxisField(
            KINDS[row.kind],
            row.size,
            row.size_min,
            _fraction(row.stride_numerator, row.stride_denominator),
            row.period,
            row.start,
            _fraction(row.center_numerator, row.center_denominator),
            row.tensor_axis if row.tensor_axis >= 0 else None,
            row.coverage,
            not centers,
            tuple([_fraction(*center) for center in centers]),
        )
        if row.aligned:  # else the record does not tell where paths are centred
            self._known[key] = made
        return made


def _elements(shape: Shape) -> int | Shape:
    """Number of elements, or the shape where that depends on data."""
    lengths = [length for length in shape or () if length is not None]
    return prod(lengths) if shape is not None and len(lengths) == len(shape) else shape


def _notes_by_tensor(program: Program, widened: Sequence[bool], sized: Sequence[bool]) -> list[tuple[str, ...]]:
    """The notes on each tensor: its own, for an inexact one where the inexactness began, and what the core could not tell."""
    first = len(program.inputs)
    notes: list[tuple[str, ...]] = []
    origin: dict[int, str] = {}
    for i, tensor in enumerate(program.tensors):
        own: tuple[str, ...] = (tensor.note,) if tensor.note else ()
        if not tensor.exact:
            origin[i] = named_by(tensor.name)
        else:
            begun = next((origin[s - first] for s, _ in tensor.paths if s - first in origin), None) if origin else None
            if begun is not None:
                origin[i] = begun
                own += (f"at most, because of '{begun}'",)
        own += (WIDENED,) if widened[i] else ()
        own += () if sized[i] else (NOT_SIZED,)
        notes.append(own)
    return notes

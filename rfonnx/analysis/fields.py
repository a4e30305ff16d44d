"""TensorField and AxisField of an analysed program, made from the core's columns when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph
from rfonnx.graph.temporaries import is_temporary, named_by
from rfonnx.results.fields import AxisField, Kind, TensorField

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


_ALIGNED = Row._fields.index("aligned")

Centers = tuple[tuple[int, int], ...]
"""Where misaligned paths are centred, as numerators and denominators."""


def summaries(program: Program, result: Result) -> np.ndarray:
    """A `Row` for every source (inputs first) along every input axis, as a record array of these two axes."""
    columns = result.summaries()
    table = np.empty(len(columns["kind"]), [(name, columns[name].dtype) for name in Row._fields])
    for name in Row._fields:
        table[name] = columns[name]
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
        self._exact = result.exact
        self._widened = result.widened
        self._notes = _notes_by_tensor(program)
        self._rows = rows
        self._sized = [bool(n) for n in np.all(rows["sized"], axis=1)]
        self._index = {t.name: i for i, t in enumerate(program.tensors) if not is_temporary(t.name)}
        self._made: dict[str, TensorField] = {}
        self._fields: dict[tuple[tuple[Any, ...], Centers], AxisField] = {}

    def _ipython_key_completions_(self) -> list[str]:
        """The names, for the tab key after `tensors["`."""
        return list(self._index)

    def __getitem__(self, name: str) -> TensorField:
        if name not in self._made:
            self._made[name] = self._make(name, self._index[name])
        return self._made[name]

    def _make(self, name: str, index: int) -> TensorField:
        tensor = self._tensors[index]
        sized = self._sized[index + self._first]
        notes = self._notes[index]
        notes += (WIDENED,) if self._widened[index] else ()
        notes += () if sized else (NOT_SIZED,)
        return TensorField(
            name=name,
            shape=self._graph.shapes.get(name),
            dtype=self._graph.dtypes.get(name, ""),
            op_type=tensor.kind,
            node=tensor.node,
            exact=self._exact[index] and sized,
            notes=notes,
            fields=dict(zip(self._axes, self._axis_fields(index + self._first), strict=True)),
        )

    def __contains__(self, name: object) -> bool:
        """Whether there is such a tensor; nothing is made for it."""
        return name in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def not_sized(self) -> Iterator[str]:
        """The tensors whose sizes are not exact along some input axis, though their intervals may be."""
        return (name for name, index in self._index.items() if not self._sized[index + self._first])

    def _axis_fields(self, source: int) -> Iterator[AxisField]:
        """The field of each input axis; elementwise operators pass theirs on, so equal ones are one object."""
        for column, values in enumerate(self._rows[source].tolist()):
            centers = () if values[_ALIGNED] else tuple(self._result.centers(source, column))
            key = (values, centers)
            if key not in self._fields:
                self._fields[key] = _axis_field(Row(*values), centers)
            yield self._fields[key]


def _axis_field(row: Row, centers: Centers) -> AxisField:
    return AxisField(
        kind=KINDS[row.kind],
        size=row.size,
        size_min=row.size_min,
        stride=Fraction(row.stride_numerator, row.stride_denominator),
        period=row.period,
        start=row.start,
        center=Fraction(row.center_numerator, row.center_denominator),
        tensor_axis=row.tensor_axis if row.tensor_axis >= 0 else None,
        coverage=row.coverage,
        aligned=not centers,
        offsets=tuple(Fraction(*center) for center in centers),
    )


def _notes_by_tensor(program: Program) -> list[tuple[str, ...]]:
    """The notes on each tensor: its own, and for an inexact one where the inexactness began."""
    first = len(program.inputs)
    notes: list[tuple[str, ...]] = []
    origin: dict[int, str] = {}
    for i, tensor in enumerate(program.tensors):
        own: tuple[str, ...] = (tensor.note,) if tensor.note else ()
        if not tensor.exact:
            origin[i] = named_by(tensor.name)
        else:
            begun = next((origin[s - first] for s, _ in tensor.paths if s - first in origin), None)
            if begun is not None:
                origin[i] = begun
                own += (f"at most, because of '{begun}'",)
        notes.append(own)
    return notes

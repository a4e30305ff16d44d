"""The table of fields: which tensors get a row, and what its cells say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rfonnx.plain import shape_text
from rfonnx.report.source import Source
from rfonnx.report.text import Name, across, number, percent, shared, size
from rfonnx.report.view import Axes, View, pick_tensors
from rfonnx.results import AxisField, TensorField

ROWS = 200
"""Longest table that is printed whole; `--all` has no limit."""


@dataclass(frozen=True, slots=True)
class Table:
    """Header, rows of cells (a `Name` where the text is the model's), and where rows were left out.

    Attributes:
        left_out: rows that are not shown; the gap is before row `gap`.
        whole: the tensors that the table was chosen from, for the line that says what is shown.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    gap: int
    left_out: int
    shown: int
    whole: int

    @property
    def caption(self) -> str:
        """What is shown of what there is."""
        if self.shown == self.whole:
            return f"{self.whole} tensors"
        return f"{self.shown} of {self.whole} tensors, those where field or shape change; --all shows every tensor"

    @property
    def elision(self) -> str:
        """The line in place of the rows that are left out."""
        return f"... {self.left_out} rows left out here; --all shows every tensor ..."


def table(source: Source, view: View, axes: Axes) -> Table:
    """The table of the tensors that `view` asks for, or of those where something changes.

    Raises:
        QueryError: `view` names a tensor that does not exist.
    """
    tensors = list(pick_tensors(source, view.tensors))
    whole = len(tensors)
    if not (view.every or view.tensors):
        tensors = list(_changes(source, tensors, axes))
    shown = len(tensors)
    # A tensor has a row per input: only when there is more than one is the input named.
    rows = [(tensor, name) for tensor in tensors for name in _inputs_seen(tensor, axes)]
    gap = left_out = 0
    if len(rows) > ROWS and not (view.every or view.tensors):
        gap, left_out = ROWS // 2, len(rows) - ROWS
        rows[gap : gap + left_out] = []
    several = len(axes) > 1
    header = ("name", "op", "shape", *(("input",) if several else ()))
    header += ("size", "stride", "padding", "centre", "coverage", "kind")
    return Table(header, tuple(_cells(t, name, axes, several) for t, name in rows), gap, left_out, shown, whole)


def _changes(source: Source, tensors: list[TensorField], axes: Axes) -> Iterator[TensorField]:
    """Tensors whose shown fields, shape or exactness differ from the tensor before, misaligned joins, and outputs."""
    always = {*source.outputs, *(join[0] for join in source.joins)}
    keys = [(name, axis) for name, numbers in axes.items() for axis in numbers]
    before: object = None
    for tensor in tensors:
        fields = tensor.fields
        now = (tensor.shape, tensor.exact, [fields.get(key) for key in keys])
        if now != before or tensor.name in always:
            yield tensor
        before = now


def _inputs_seen(tensor: TensorField, axes: Axes) -> list[str]:
    """Inputs of which the tensor sees something along a shown axis; the first one when it sees nothing, for a row."""
    seen = [
        name
        for name, numbers in axes.items()
        if any((field := tensor.fields.get((name, axis))) is not None and field.kind != "none" for axis in numbers)
    ]
    return seen or list(axes)[:1]


def _cells(tensor: TensorField, name: str, axes: Axes, several: bool) -> tuple[str, ...]:
    left = (Name(tensor.name), Name(tensor.op_type), shape_text(tensor.shape), *((Name(name),) if several else ()))
    found = [field for axis in axes[name] if (field := tensor.fields.get((name, axis))) is not None]
    if all(field.kind == "none" for field in found):
        return (*left, "", "", "", "", "", "none")
    return (*left, *_field_cells(found, tensor.exact))


def _field_cells(fields: list[AxisField], exact: bool) -> tuple[str, ...]:
    """Size (a value per axis), stride, padding, centre, coverage and kind (one where all axes agree)."""
    return (
        ("" if exact else "at most ") + across([size(field) for field in fields]),
        shared([number(field.stride) for field in fields]),
        shared([str(-field.start) for field in fields]),
        shared([number(field.center) for field in fields]),
        shared([percent(field.coverage) for field in fields]),
        shared([field.kind for field in fields], "/") + ("" if all(f.aligned for f in fields) else ", misaligned"),
    )

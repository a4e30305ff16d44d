"""A report for people before it has a format: lines, a table and sections.

Names in a model are a stranger's text: they may hold terminal escapes, markup or line breaks. `Name` marks them, and
each format escapes what is marked; a plain `str` is ours and goes out as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from rfonnx.plain import shape_text
from rfonnx.report.source import Source
from rfonnx.report.summary import sections
from rfonnx.report.table import Table, table
from rfonnx.report.text import Line, Name, Section
from rfonnx.report.view import Axes, View, pick_axes


@dataclass(frozen=True, slots=True)
class Document:
    """Head lines, the table, and the sections of the summary."""

    head: tuple[Line, ...]
    table: Table
    sections: tuple[Section, ...]


def document(source: Source, view: View) -> Document:
    """Everything a report for people says.

    Raises:
        QueryError: a tensor or axis of `view` does not exist.
    """
    axes = pick_axes(source, view.axes or "spatial")
    return Document(_head(source, axes), table(source, view, axes), tuple(sections(source, axes)))


def _head(source: Source, axes: Axes) -> tuple[Line, ...]:
    model = source.model
    opsets = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in sorted(model.opsets.items()))
    made: Line = (", made by ", Name(model.producer)) if model.producer else ()
    lines: list[Line] = [(Name(model.name), f": {model.nodes} nodes, opset ", Name(opsets), *made)]
    for name in source.inputs:
        shown = ", ".join(map(str, axes.get(name, ()))) or "none"
        lines.append(("input ", Name(name), f": {shape_text(source.input_shapes.get(name))}, axes shown: {shown}"))
    return tuple(lines)

"""The report on a whole model, for people: its inputs, the table of fields and the summary."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.document import Document, Line, Name
from rfonnx.report.fields.summary import sections
from rfonnx.report.fields.table import table
from rfonnx.report.fields.view import Axes, View, pick_axes
from rfonnx.report.fields.view_source import Source
from rfonnx.results.plain import bound_texts, shape_text


def overview(source: Source, view: View) -> Document:
    """Everything a report for people says.

    Raises:
        QueryError: a tensor or axis of `view` does not exist.
    """
    axes = pick_axes(source, view.axes or "spatial")
    made = sections(source, axes, view.rate, chosen=view.axes is not None)
    return Document(tuple(_head(source, axes)), (table(source, view, axes),), tuple(made))


def _head(source: Source, axes: Axes) -> Iterator[Line]:
    model = source.model
    opsets = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in sorted(model.opsets.items()))
    made: Line = (", made by ", Name(model.producer)) if model.producer else ()
    yield (Name(model.name), f": {model.nodes} nodes, opset ", Name(opsets), *made)
    for name in source.inputs:
        shown = ", ".join(map(str, axes.get(name, ()))) or "none"
        yield ("input ", Name(name), f": {shape_text(source.input_shapes.get(name))}, axes shown: {shown}")
    for name, words in bound_texts(source.values):
        yield ("input ", Name(name), words)

"""The report on a whole model, for people: its inputs, the answers, and the table of fields behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rfonnx.report.document import Document, Fold, Line, Name, Section
from rfonnx.report.fields.summary import sections
from rfonnx.report.fields.table import columns, table
from rfonnx.report.fields.view import Axes, View, pick_axes
from rfonnx.report.fields.view_source import Refused, Source
from rfonnx.results.plain import bound_texts, shape_text


def overview(source: Source, view: View) -> Document:
    """Everything a report for people says.

    Raises:
        QueryError: a tensor or axis of `view` does not exist.
    """
    axes = pick_axes(source, view.axes or "spatial")
    answers = tuple(sections(source, axes, view))
    layers = Fold("Layers", (table(source, view, axes), columns(source, axes)))
    return Document(tuple(_head(source, axes)), answers, () if view.summary else (layers,))


def overviews(models: Iterable[Source | Refused], view: View) -> Iterator[Document]:
    """The same of several models, one after the other; of one that cannot be read, why.

    Raises:
        QueryError: as `overview`.
    """
    for model in models:
        if isinstance(model, Refused):
            why = Section("Why", ((Name(model.reason),),), alarm=True)
            yield Document(((Name(model.model), ": no report"),), (why,))
        else:
            yield overview(model, view)


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

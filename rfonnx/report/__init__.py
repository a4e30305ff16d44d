"""Reports: one result, many formats. A new format is a new file and a line here; no analysis is touched.

What people read (`text`, `terminal`, `markdown`) is made as a `Document` first, so that a new report is written once. What
programs read (`json`, `csv`) is made from the analysis.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

from rfonnx.report.document import Document
from rfonnx.report.fields.view import View
from rfonnx.report.fields.view_source import Source

PEOPLE = {
    "text": "rfonnx.report.text_report",
    "terminal": "rfonnx.report.terminal_report",
    "markdown": "rfonnx.report.markdown_report",
}
DATA = {
    "csv": "rfonnx.report.fields.csv_report",
    "json": "rfonnx.report.fields.json_report",
}
# By module name, loaded when asked for: rich alone takes a fifth of the time that a small model takes in all.


class Renderer(Protocol):
    """Writes a document in one format, in pieces that together end with a newline."""

    def __call__(self, document: Document) -> Iterator[str]: ...


class Reporter(Protocol):
    """Writes an analysis in one format, in pieces that together end with a newline."""

    def __call__(self, source: Source, view: View) -> Iterator[str]: ...


def render(document: Document, style: str) -> Iterator[str]:
    """A document in a format of `PEOPLE`."""
    function: Renderer = import_module(PEOPLE[style]).render
    return function(document)


def report(source: Source, view: View, style: str) -> Iterator[str]:
    """The report on a model in any format.

    Raises:
        QueryError: a tensor or axis of `view` does not exist.
    """
    if style in PEOPLE:
        from rfonnx.report.fields.overview import overview

        return render(overview(source, view), style)
    function: Reporter = import_module(DATA[style]).report
    return function(source, view)

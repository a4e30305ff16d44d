"""Reports: one result, many formats. A new format is a new file and a line here; no analysis is touched."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

from rfonnx.report.source import Source
from rfonnx.report.view import View

FORMATS = {
    "text": "rfonnx.report.text_report",
    "terminal": "rfonnx.report.terminal_report",
    "markdown": "rfonnx.report.markdown_report",
    "csv": "rfonnx.report.csv_report",
    "json": "rfonnx.report.json_report",
}
"""Module by format. Loaded when asked for: rich alone takes longer to import than a small model takes to analyse."""


class Reporter(Protocol):
    """Writes an analysis in one format, in pieces that together end with a newline."""

    def __call__(self, source: Source, view: View) -> Iterator[str]: ...


def reporter(name: str) -> Reporter:
    """The reporter of a format, a key of `FORMATS`."""
    function: Reporter = import_module(FORMATS[name]).report
    return function

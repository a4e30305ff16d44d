"""A comparison, for people: one screen that says what it comes to, and the tables behind it."""

from __future__ import annotations

from typing import Literal

from rfonnx.report.comparison import summary as compare_summary
from rfonnx.report.comparison import tables as compare_report
from rfonnx.report.document import Document, Fold
from rfonnx.results.comparison import Comparison

Detail = Literal["none", "folded", "shown"]
"""The tables: left out, behind a line that opens them (where the format can), or shown."""

CLOSED = "--verbose shows every figure, the fields, and the cost"


def compare_document(found: Comparison, detail: Detail = "shown", every: bool = False, config: str = "") -> Document:
    """The comparison as a document.

    Args:
        found: the comparison.
        detail: what becomes of the tables.
        every: show all layers.
        config: the configuration file that was read, or "".
    """
    head, told = compare_summary.head(found, config), tuple(compare_summary.sections(found))
    if detail == "none":
        return Document((*head, (CLOSED,)), (), told)
    tables, behind = tuple(compare_report.tables(found, every)), tuple(compare_report.sections(found))
    if detail == "folded":
        return Document(head, (), told, (Fold("Every figure, the fields, and the cost", tables, behind),))
    return Document(head, tables, (*behind, *told))

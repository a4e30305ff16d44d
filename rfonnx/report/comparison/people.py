"""A comparison, for people: one screen that says what it comes to, and the tables behind it."""

from __future__ import annotations

from rfonnx.report.comparison import summary
from rfonnx.report.comparison.tables import sections, tables
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.document import Document, Fold
from rfonnx.results.comparison import Comparison

HEADING = "Every figure, the fields, and the cost"
CLOSED = "--verbose shows every figure, the fields, and the cost"


def compare_document(found: Comparison, view: ComparisonView) -> Document:
    """The comparison as a document; what the view leaves out is folded away."""
    head, told = summary.head(found, view.config), tuple(summary.sections(found))
    shown, behind = tuple(tables(found, view.every)), tuple(sections(found))
    if view.verbose or view.every:
        return Document(head, (*shown, *behind, *told))
    return Document(head, told, (Fold(HEADING, (*shown, *behind), CLOSED),))

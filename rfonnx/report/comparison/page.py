"""A comparison as a page: what it comes to, then where the two models part, where they look, and on which samples they fail."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.comparison import summary
from rfonnx.report.comparison.depth import depth_chart
from rfonnx.report.comparison.errors import error_charts
from rfonnx.report.comparison.limits import field_bars, limit_bars
from rfonnx.report.comparison.looks import look_maps
from rfonnx.report.comparison.people import HEADING
from rfonnx.report.comparison.shown import sample_cards
from rfonnx.report.comparison.tables import sections, tables
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.document import Fold
from rfonnx.report.page.page import Drawing, Page, Sheet
from rfonnx.results.comparison import Comparison


def compare_page(found: Comparison, view: ComparisonView) -> Page:
    """All that the document says, and what is drawn; tables are folded away unless they were asked for."""
    shown, behind = tuple(tables(found, view.every)), tuple(sections(found))
    figures = (*shown, *behind) if view.verbose or view.every else (Fold(HEADING, (*shown, *behind)),)
    head = summary.head(found, view.config)
    parts = (*summary.sections(found), *_drawings(found), *figures)
    return Page(f"{found.student} against {found.teacher}", (Sheet(head, parts),))


def _drawings(found: Comparison) -> Iterator[Drawing]:
    """Those that there is something to draw for."""
    made = (
        Drawing("Limits", limit_bars(found)),
        Drawing("Along the depth", depth_chart(found.parting) if found.parting else ""),
        Drawing("The samples that fare worst", sample_cards(found), "samples"),
        Drawing("Where they look", look_maps(found.effective_fields), "looks"),
        Drawing("What they can see", field_bars(found.fields)),
        Drawing("How large the errors are", error_charts(found.outputs)),
    )
    return (one for one in made if one.markup)

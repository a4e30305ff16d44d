"""The explanation of one tensor as a page: what enlarged its field, and exactly what one of its positions reads."""

from __future__ import annotations

from rfonnx.report.document import Section
from rfonnx.report.explanation.chain_chart import chain_charts
from rfonnx.report.explanation.chains import Explanation
from rfonnx.report.explanation.people import explain_document
from rfonnx.report.explanation.reads_chart import reads_charts
from rfonnx.report.page.page import Drawing, Page, Sheet
from rfonnx.results.plain import position_text


def explain_page(told: Explanation, every: bool) -> Page:
    """What the document says, with drawings in the place of its pictures in characters; `every`: as there."""
    document = explain_document(told, every)
    parts = [part for part in document.parts if not (isinstance(part, Section) and part.picture)]
    made = (
        Drawing("What enlarged the field", chain_charts(told)),
        Drawing(f"What position {position_text(told.position)} can see", reads_charts(told), "reads"),
    )
    drawings = [one for one in made if one.markup]
    return Page(f"{told.tensor.name} of {told.model}", (Sheet(document.head, (*drawings, *parts)),))

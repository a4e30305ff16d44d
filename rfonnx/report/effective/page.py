"""Effective fields as a page: where units look, how their mass lies along each axis, and how it grows along the depth."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.report.chart.markup import tag, words
from rfonnx.report.document import Section
from rfonnx.report.effective.layers_chart import layers_chart
from rfonnx.report.effective.people import erf_document, layers_document
from rfonnx.report.effective.profiles import profiles
from rfonnx.report.effective.unit_maps import unit_maps
from rfonnx.report.page.page import Drawing, Page, Sheet
from rfonnx.results.effective import ERF, Layer

LEGEND = (
    ("first", "mass"),
    ("line", "around 50% of it; thin: 95%"),
    ("theory", "theoretical field; the cross is its centre"),
)


MOST = 12
"""Units that are drawn; the table has all of them."""


def erf_page(erfs: Sequence[ERF]) -> Page:
    """Units of one tensor: what the document says, with drawings in the place of its pictures in characters."""
    told = erf_document(erfs)
    parts = [part for part in told.parts if not (isinstance(part, Section) and part.picture)]
    drawn = field_drawings([erf for erf in erfs if not erf.empty])
    made = (Drawing("Where it looks", drawn, "fields"),) if drawn else ()
    return Page(f"effective field of {erfs[0].tensor}", (Sheet(told.head, (*made, *parts)),))


def field_drawings(erfs: Sequence[ERF]) -> str:
    """A row per unit: its maps, and its mass along each axis; "" for none."""
    several, more, erfs = len(erfs) > 1, len(erfs) - MOST, erfs[:MOST]
    caption = tag("p", f"{more} more units are not drawn", class_="caption") if more > 0 else ""
    rows = [
        tag(
            "div",
            tag("div", *maps, class_="planes"),
            tag("div", profiles(erf, several), class_="profiles"),
            class_="maps",
        )
        for erf, maps in zip(erfs, unit_maps(erfs), strict=True)
    ]
    legend = tag("p", *(tag("span", words(told), class_=kind) for kind, told in LEGEND), class_="legend")
    return legend + "".join(rows) + caption if rows else ""


def layers_page(model: str, layers: Sequence[Layer]) -> Page:
    """Layers in order: the theoretical field and what is used of it, and the table."""
    told = layers_document(model, layers)
    drawn = layers_chart(layers)
    chart = (Drawing("Along the depth", drawn),) if drawn else ()
    return Page(f"effective fields of {model}", (Sheet(told.head, (*chart, *told.parts)),))

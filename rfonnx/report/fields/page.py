"""The report on a model as a page: the answers, and what can be pointed at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rfonnx.report.document import Part, Table
from rfonnx.report.explorer.explored import Explored, explored
from rfonnx.report.fields.object_panel import objects_panel
from rfonnx.report.fields.people import overview
from rfonnx.report.fields.view import Axes, View, pick_axes
from rfonnx.report.network.drawn import Drawn
from rfonnx.report.network.growth_svg import growth_drawing
from rfonnx.report.network.model import page_model
from rfonnx.report.page.page import Page, Panel, Sheet


class Shown(Drawn, Explored, Protocol):
    """An analysis that a page shows; `rfonnx.Analysis` is one."""


def overview_page(source: Shown, view: View) -> Page:
    """Everything a report for people says, and the panels.

    Raises:
        QueryError: a tensor or axis of `view` does not exist.
    """
    document = overview(source, view)
    if view.summary:
        return Page(source.model.name, (Sheet(document.head, document.parts),))
    axes = pick_axes(source, view.axes or "spatial")
    folded = [part for fold in document.folds for part in fold.parts]
    tables = tuple(part for part in folded if isinstance(part, Table))
    rest = [part for part in folded if not isinstance(part, Table)]
    parts = (*document.parts, *_panels(source, axes, view, tables, tuple(rest)))
    return Page(source.model.name, (Sheet(document.head, parts),), page_model(source, axes))


def _panels(
    source: Shown, axes: Axes, view: View, tables: tuple[Part, ...], rest: tuple[Part, ...]
) -> Iterator[Part | Panel]:
    """In the order in which they are shown; `rest` says what the tables mean."""
    name = next(iter(axes), "")
    if objects := name and objects_panel(source, name, axes[name]):
        yield Panel("objects", "Is an object seen?", objects)
    if drawing := growth_drawing(source, axes):
        yield Panel("growth", "Growth of the field", drawing=drawing)
    yield Panel("explorer", "What a position sees", explored(source, view.measured, view.backdrop))
    yield Panel("layers", "Layers", still=tables)
    yield from rest
    yield Panel("graph", "Graph")

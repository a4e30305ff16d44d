"""The report on a model as a page: the answers, and what can be pointed at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rfonnx.report.document import Part
from rfonnx.report.explorer.explored import Explored, explored
from rfonnx.report.fields.people import overview
from rfonnx.report.fields.view import View
from rfonnx.report.fields.view_source import Source
from rfonnx.report.page.page import Page, Panel, Sheet


class Shown(Source, Explored, Protocol):
    """An analysis that a page shows; `rfonnx.Analysis` is one."""


def overview_page(source: Shown, view: View) -> Page:
    """Everything a report for people says, and the panels.

    Raises:
        QueryError: a tensor or axis of `view` does not exist.
    """
    document = overview(source, view)
    layers = [part for fold in document.folds for part in fold.parts]
    panels = () if view.summary else tuple(_panels(source, layers))
    return Page(source.model.name, (Sheet(document.head, (*document.parts, *panels, *layers)),))


def _panels(source: Shown, layers: list[Part]) -> Iterator[Panel]:
    """In the order in which they are shown."""
    yield Panel("explorer", "What a position sees", explored(source))

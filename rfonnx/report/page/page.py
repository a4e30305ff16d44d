"""A report as one HTML file that needs nothing else: what it is made of, and how it is written.

The file asks for nothing: styles and scripts stand in it, and its content-security policy names them by their hashes and forbids
everything from outside. What scripts draw (`Panel`) is data beside the text, which is there without them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rfonnx.report.chart.markup import short, whole
from rfonnx.report.document import Document, Fold, Line, Name, Part, Section, Table
from rfonnx.report.escape import printable
from rfonnx.report.mark import SIGNATURE
from rfonnx.system.named import NamedTuple

ASSETS = Path(__file__).with_name("assets")

STYLES = ("page.css", "charts.css")
"""In every page."""

SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "explorer": (
        "access_cover.js",
        "access_steps.js",
        "access.js",
        "access_boxes.js",
        "explorer_axes.js",
        "explorer_sight.js",
        "explorer_words.js",
        "explorer_map.js",
        "explorer_draw.js",
        "explorer_figure.js",
        "explorer_controls.js",
        "explorer_links.js",
        "explorer.js",
    ),
    "findings": ("findings.js",),
    "fleet": ("fleet.js",),
    "objects": ("objects.js",),
    "graph": (
        *("graph_scopes.js", "graph_layers.js", "graph_wires.js", "graph_boxes.js"),
        *("graph_tools.js", "graph_map.js", "graph_view.js", "graph.js"),
    ),
    "growth": ("growth.js",),
    "layers": ("layers.js",),
    "tiles": ("tiles.js",),
}
"""By kind of panel, the scripts that draw it, in order; each is there once."""

OWN_STYLES = ("fleet", "graph", "growth", "layers")
"""Kinds of panels that have a style sheet of their own."""


class Panel(NamedTuple):
    """A part of a page that a script fills.

    Attributes:
        kind: the script's name, see `SCRIPTS`.
        heading: of the section.
        data: what the script gets, plain data for JSON.
        still: what is shown without scripts, and in print where the script says so.
        drawing: SVG of ours, shown before `still`; what it holds of the model is escaped already.
    """

    kind: str
    heading: str
    data: Any = None
    still: tuple[Part, ...] = ()
    drawing: str = ""


class Drawing(NamedTuple):
    """A part of a page that needs no script.

    Attributes:
        heading: of the section.
        markup: HTML and SVG of ours, made by `rfonnx.report.chart.markup`: what it holds of the model is escaped already.
        kind: a class of its own, by which styles find it.
    """

    heading: str
    markup: str
    kind: str = "drawn"


class Sheet(NamedTuple):
    """What a `Document` is to a page: head lines, and parts in order, panels and drawings among them."""

    head: tuple[Line, ...]
    parts: tuple[Part | Fold | Panel | Drawing, ...]


class Page(NamedTuple):
    """A whole page.

    Attributes:
        title: of the window; what it holds of the model is made visible.
        sheets: one after the other.
        model: what the panels share, plain data for JSON; None: nothing.
    """

    title: str
    sheets: tuple[Sheet, ...]
    model: Mapping[str, Any] | None = None


def sheet(document: Document) -> Sheet:
    """A document as it is."""
    return Sheet(document.head, (*document.parts, *document.folds))


def page(documents: Iterable[Document]) -> Page:
    """Documents as they are, one after the other."""
    sheets = tuple(map(sheet, documents))
    return Page("".join(sheets[0].head[0]) if sheets else "rfonnx", sheets)


def html_page(made: Page) -> Iterator[str]:
    """The page as one HTML file.

    Source of the policy's words: Content Security Policy Level 3, https://www.w3.org/TR/CSP3/.
    """
    panels = [part for one in made.sheets for part in one.parts if isinstance(part, Panel)]
    kinds = {panel.kind for panel in panels}
    styles = "\n".join(map(_asset, (*STYLES, *(f"{kind}.css" for kind in OWN_STYLES if kind in kinds))))
    script = "\n".join(map(_asset, ("page.js", *_scripts(panels), "start.js"))) if panels else ""
    policy = "; ".join(
        (
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "img-src data:",
            f"style-src {_hash(styles)}",
            f"script-src {_hash(script)}" if script else "script-src 'none'",
        )
    )
    yield _template().render(
        signature=SIGNATURE,
        title=printable(made.title),
        policy=policy,
        styles=styles,
        script=script,
        sheets=made.sheets,
        data=packed({"model": made.model, "panels": [panel.data for panel in panels]}) if panels else "",
    )


def packed(data: Any) -> str:
    """Plain data as JSON, deflated (RFC 1950), in base64: the script `start.js` unpacks it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def _scripts(panels: Iterable[Panel]) -> list[str]:
    return list(dict.fromkeys(name for panel in panels for name in SCRIPTS[panel.kind]))


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _template() -> Any:
    # Imported here: no other report needs it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.tests |= {
        "name": lambda part: isinstance(part, Name),
        "table": lambda part: isinstance(part, Table),
        "section": lambda part: isinstance(part, Section),
        "fold": lambda part: isinstance(part, Fold),
        "drawing": lambda part: isinstance(part, Drawing),
    }
    made.filters |= {
        "printable": printable,
        "short": short,
        "whole": whole,
    }
    return made.get_template("page.html")

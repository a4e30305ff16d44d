"""The one table of reports: what a report can be about, the formats of each, and the function that writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

if TYPE_CHECKING:
    from rfonnx.report.comparison.view import ComparisonView
    from rfonnx.report.document import Document
    from rfonnx.report.explanation.chains import Explanation
    from rfonnx.report.fields.view import View
    from rfonnx.report.fields.view_source import Refused, Source
    from rfonnx.report.overlay.labels import FileGraph
    from rfonnx.report.overlay.measured import Measured
    from rfonnx.results.comparison import Comparison
    from rfonnx.results.effective import ERF, Layer
    from rfonnx.results.fields import OpSupport
    from rfonnx.results.findings import CheckRun, RuleInfo
    from rfonnx.results.geometry import Geometry, Located
    from rfonnx.results.scan import Fleet
    from rfonnx.results.stream_checks import StreamSummary, StreamVerification
    from rfonnx.results.stream_latency import StreamLatency
    from rfonnx.results.tiling import PlanSummary
    from rfonnx.results.variants import WhatIf
    from rfonnx.results.verification import Verification

RENDERERS = ("text", "terminal", "markdown", "notebook")
"""Formats of a `Document`, each a module here. Nobody asks for all by name: "terminal" is "text" for one, "notebook" HTML for
one."""

DOCUMENTS = ("text", "markdown")
"""Formats that every report for people has, the first one first; html is the third."""

BINARY = ("npz", "onnx", "parquet", "png", "svg")
"""Formats that are no text for a terminal."""

PICTURES = ("png", "svg")
"""Those that matplotlib draws."""

ENDINGS = {
    ".txt": ("text", "github"),
    ".md": ("markdown",),
    ".yaml": ("bioimageio",),
    ".py": ("monai",),
    ".jsonl": ("jsonl",),
    ".parquet": ("parquet",),
    ".json": ("json", "sarif", "netron", "model-explorer"),
    ".onnx": ("onnx",),
    ".csv": ("csv",),
    ".xml": ("junit",),
    ".sarif": ("sarif",),
    ".npz": ("npz",),
    ".png": ("png",),
    ".svg": ("svg", "badge"),
    ".html": ("html",),
    ".htm": ("html",),
}
"""The formats that a file with an ending may hold; the first that a subject has is the one when none is asked for. One without an
ending may hold any."""

Told = ParamSpec("Told")


class Subject(Generic[Told]):
    """What a report can be about. `Told` is what each of its writers takes.

    Attributes:
        formats: those that it is written in; the first is the one when none is asked for.
    """

    def __init__(self, folder: str, people: str = "", **data: str) -> None:
        """The functions that write it, as "module:function" in a folder of `rfonnx.report`. They are loaded when they are needed:
        rich alone takes a fifth of the time that a small model takes in all.

        Args:
            people: makes the `Document`, or several, that text, markdown and html show; "": there is none.
            data: each other format's writer; gives text in pieces, or, for a format of `BINARY`, bytes. That of html, where the
                page has more than the document, gives a `Page`.
        """
        self._writers = {**(dict.fromkeys((*DOCUMENTS, "html"), people) if people else {}), **data}
        self._folder = folder
        self.formats: Sequence[str] = tuple(self._writers)

    def write(self, style: str, *told: Told.args, **more: Told.kwargs) -> Iterator[str] | Iterator[bytes]:
        """The report in pieces: bytes for a format of `BINARY`, else text that ends with a newline.

        Raises:
            QueryError: what is told asks for a tensor or an axis that is not there.
        """
        made: Any = self._writer("text" if style in RENDERERS else style)(*told, **more)
        if style in RENDERERS:
            return rendered([made] if isinstance(made, tuple) else made, style)
        if style == "html":
            return as_page(made)
        return iter([made]) if isinstance(made, bytes) else made

    def _writer(self, style: str) -> Callable[Told, Any]:
        module, _, function = self._writers[style].partition(":")
        found: Callable[Told, Any] = getattr(import_module(f"rfonnx.report.{self._folder}.{module}"), function)
        return found


def rendered(documents: Iterable[Any], style: str) -> Iterator[str]:
    """Documents in a format of `RENDERERS`, a blank line between them."""
    for turn, document in enumerate(documents):
        if turn:
            yield "\n"
        yield from render(document, style)


def as_page(made: Any) -> Iterator[str]:
    """A `Page`, a document or several as one HTML file."""
    from rfonnx.report.document import Document
    from rfonnx.report.page.page import Page, html_page, page

    if not isinstance(made, Page):
        made = page([made] if isinstance(made, Document) else made)
    return html_page(made)


def render(document: Document, style: str) -> Iterator[str]:
    """A document in a format of `RENDERERS`, in pieces."""
    pieces: Iterator[str] = import_module(f"rfonnx.report.{style}").render(document)
    return pieces


FIELDS: Subject[[Source, View]] = Subject(
    "fields",
    "people:overview",
    html="page:overview_page",
    json="json:fields_json",
    csv="csv:fields_csv",
    png="plot:growth_png",
    svg="plot:growth_svg",
)
EXPLANATION: Subject[[Explanation, bool]] = Subject(
    "explanation",
    "people:explain_document",
    html="page:explain_page",
    json="json:explain_json",
    png="plot:explain_png",
    svg="plot:explain_svg",
)
LOCATED: Subject[[Geometry, tuple[int, ...], Sequence[Located]]] = Subject(
    "geometry", "people:locate_document", json="json:locate_json"
)
WHATIF: Subject[[WhatIf]] = Subject("whatif", "people:whatif_document", json="json:whatif_json")
EFFECTIVE: Subject[[Sequence[ERF]]] = Subject(
    "effective",
    "people:erf_document",
    html="page:erf_page",
    json="json:erf_json",
    csv="csv:erf_csv",
    npz="npz:erf_npz",
    png="plot:erf_png",
    svg="plot:erf_svg",
)
MODELS: Subject[[Iterable[Source | Refused], View]] = Subject(
    "fields", "people:overviews", png="plot:growths_png", svg="plot:growths_svg"
)
GROWTH: Subject[[Iterable[Source | Refused], View]] = Subject("fields", png="plot:growths_png", svg="plot:growths_svg")
LAYERS: Subject[[str, Sequence[Layer]]] = Subject(
    "effective",
    "people:layers_document",
    html="page:layers_page",
    json="json:layers_json",
    csv="csv:layers_csv",
    png="depth_plot:layers_png",
    svg="depth_plot:layers_svg",
)
COMPARISON: Subject[[Comparison, ComparisonView]] = Subject(
    "comparison", "people:compare_document", html="page:compare_page", json="json:compare_json"
)
CHECK: Subject[[CheckRun]] = Subject(
    "check",
    "people:check_documents",
    html="page:check_page",
    json="json:check_json",
    github="github:check_github",
    junit="junit:check_junit",
    sarif="sarif:check_sarif",
)
RULE: Subject[[RuleInfo]] = Subject("check", "rules:rule_document")
RULES: Subject[[Sequence[RuleInfo]]] = Subject("check", "rules:rules_document")
SCAN: Subject[[Fleet]] = Subject(
    "scan",
    "people:scan_document",
    html="page:scan_page",
    jsonl="records:scan_jsonl",
    csv="records:scan_csv",
    parquet="records:scan_parquet",
    badge="badge:scan_badge",
)
TILES: Subject[[PlanSummary]] = Subject(
    "tiling",
    "people:plan_document",
    html="page:plan_page",
    json="json:plan_json",
    bioimageio="bioimageio:axes_yaml",
    monai="monai:inferer",
)
VERIFICATION: Subject[[Verification]] = Subject(
    "tiling",
    "verification:verification_document",
    html="verification_page:verification_page",
    json="json:verification_json",
)
STREAM: Subject[[StreamSummary, float | None]] = Subject("streaming", "people:stream_document", json="json:stream_json")
STREAM_VERIFICATION: Subject[[StreamVerification]] = Subject(
    "streaming", "people:verification_document", json="json:verification_json"
)
STREAM_LATENCY: Subject[[StreamLatency]] = Subject(
    "streaming", "times:latency_document", json="json:latency_json", csv="times:latency_csv"
)
NETRON: Subject[[Source, FileGraph, Measured]] = Subject("overlay", netron="netron:netron_json")
MODEL_EXPLORER: Subject[[Source, FileGraph, Measured]] = Subject(
    "overlay", **{"model-explorer": "model_explorer:model_explorer_json"}
)
EXPLORER_SIGMA: Subject[[Source, FileGraph, Measured]] = Subject(
    "overlay", **{"model-explorer": "model_explorer:sigma_json"}
)
EXPLORER_SQNR: Subject[[Source, FileGraph, Measured]] = Subject(
    "overlay", **{"model-explorer": "model_explorer:sqnr_json"}
)
COPY: Subject[[Source, str, Measured]] = Subject("overlay", onnx="copy:annotated")
OPERATORS: Subject[[Sequence[OpSupport], int]] = Subject("operators", "people:ops_document", json="json:ops_json")

"""Bars of a comparison: figures beside their limits, and theoretical fields beside the length of their inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rfonnx.report.chart.markup import chart, hover, html_line, path, rect, tag, words
from rfonnx.report.chart.scale import Scale
from rfonnx.report.comparison.tables import OUTCOMES, figure
from rfonnx.report.document import Name, size
from rfonnx.results.comparison import Comparison, Verdict
from rfonnx.results.field_pairs import FieldPair
from rfonnx.results.measures import MEASURES, judged_by

WIDTH, HEIGHT = 200, 18

HEADER = ("verdict", "of", "figure", "", "is", "limit")


def limit_bars(found: Comparison) -> str:
    """A row per verdict, missed ones first: a bar as long as the figure, a line at its limit, and its 95% interval where there is
    one. "" where there is no verdict."""
    ordered = sorted(found.verdicts, key=lambda verdict: tuple(OUTCOMES).index(verdict.outcome))
    if not ordered:
        return ""
    intervals = [interval(found, verdict) for verdict in ordered]
    rows = [_row(verdict, spread) for verdict, spread in zip(ordered, intervals, strict=True)]
    told = "the dashed line is the limit" + ("; the thin one is the 95% interval" if any(intervals) else "")
    return table(HEADER, rows) + tag("p", told, class_="caption")


def interval(found: Comparison, verdict: Verdict) -> tuple[float, float] | None:
    """The 95% interval of the figure that was judged."""
    measure = judged_by(verdict.measure) if verdict.measure in MEASURES else verdict.measure
    for output in found.outputs:
        figure = output.measures.get(measure)
        if output.teacher == verdict.subject and figure is not None and figure.value == verdict.value:
            return None if figure.low is None or figure.high is None else (figure.low, figure.high)
    return None


def table(header: Sequence[str], rows: Sequence[str]) -> str:
    """Rows with bars in them."""
    head = tag("thead", tag("tr", *(tag("th", words(cell), scope="col") for cell in header)))
    return tag("div", tag("table", head, tag("tbody", *rows), class_="bars"), class_="scroll", tabindex=0)


def _row(verdict: Verdict, spread: tuple[float, float] | None) -> str:
    info = MEASURES.get(verdict.measure)
    label = info.label if info else verdict.measure
    unit = "" if info is None or info.share or "(" in info.label else info.unit
    bound = "at least" if verdict.at_least else "at most"
    cells = (
        tag("td", words(OUTCOMES[verdict.outcome])),
        tag("td", html_line((Name(verdict.subject),))),
        tag("td", words(label)),
        tag("td", bar(verdict, spread)),
        tag("td", words(_told(verdict, verdict.value), unit if math.isfinite(verdict.value) else "")),
        tag("td", words(f"{bound} ", _told(verdict, verdict.limit), unit)),
    )
    return tag("tr", *cells, class_=None if verdict.passed else "alarm")


def _told(verdict: Verdict, value: float) -> str:
    return "not measured" if math.isnan(value) else figure(verdict.measure, value)


def bar(verdict: Verdict, spread: tuple[float, float] | None = None) -> str:
    """The figure from zero on, its interval and its limit; what is infinitely good, or bad, fills the track."""
    value, limit = verdict.value, verdict.limit
    info = MEASURES.get(verdict.measure)
    known = [
        0.0,
        *(one for one in (value, limit, *(spread or ())) if math.isfinite(one)),
        *([1.0] if info and info.share else []),
    ]
    low, high = min(known), max(known)
    scale = Scale(low, high if high > low else low + 1, 1, WIDTH - 1)
    parts = [rect(0.5, 2.5, WIDTH - 1, HEIGHT - 5, "track")]
    if not math.isnan(value):
        left, right = sorted((scale.at(0.0), scale.at(value)))
        parts.append(rect(left, 4, right - left, HEIGHT - 8, "fill" if verdict.passed else "fill bad"))
    if spread is not None and spread[0] < spread[1]:
        parts.append(path(f"M{scale.at(spread[0]):.1f} {HEIGHT / 2:g}H{scale.at(spread[1]):.1f}", "spread"))
    if math.isfinite(limit):
        parts.append(path(f"M{scale.at(limit):.1f} 0V{HEIGHT}", "limit"))
    return chart(WIDTH, HEIGHT, verdict.reason, *parts, wide=False)


def field_bars(pairs: Sequence[FieldPair]) -> str:
    """Two rows per pair and axis: the sizes of the teacher's field and of the student's within their inputs."""
    rows = [_field_row(pair, side) for pair in pairs for side in (0, 1)]
    return table(("model", "tensor", "input", "", "sees", "kind"), rows) if rows else ""


def _field_row(pair: FieldPair, side: int) -> str:
    field, length = (pair.teacher, pair.student)[side], pair.lengths[side]
    role = ("teacher", "student")[side]
    at_most = "" if pair.exact[side] else "at most "
    told = f"{at_most}{size(field)} of {'?' if length is None else length}"
    cells = (
        tag("td", role),
        tag("td", html_line((Name(pair.output[side]),))),
        tag("td", html_line((Name(pair.input[side]), f" axis {pair.axis[side]}"))),
        tag("td", _track(field.size, length, side, f"{role}: {told}")),
        tag("td", words(told)),
        tag("td", words(field.kind)),
    )
    return tag("tr", *cells)


def _track(seen: int, length: int | None, side: int, told: str) -> str:
    """The input as a track; a field that reaches beyond it fills it."""
    share = min(1.0, seen / length) if length else 0.0
    bar_class = "fill second" if side else "fill"
    parts = (
        rect(0.5, 2.5, WIDTH - 1, HEIGHT - 5, "track"),
        rect(1, 4, (WIDTH - 2) * share, HEIGHT - 8, bar_class, hover(told)),
    )
    return chart(WIDTH, HEIGHT, told, *parts, wide=False)

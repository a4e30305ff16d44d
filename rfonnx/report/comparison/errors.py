"""How large errors are and where they lie, drawn: counts by size, and their mean by position of the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rfonnx.report.chart.heat import Heat, shade
from rfonnx.report.chart.markup import chart, hover, html_line, rect, tag, text
from rfonnx.report.chart.scale import Scale, rows
from rfonnx.report.document import Name
from rfonnx.results.agreement import ErrorHistogram, ErrorMap, OutputAgreement
from rfonnx.results.plain import axes_text, counted

WIDTH, HEIGHT = 620, 200
LEFT, TOP, BOTTOM = 64, 12, 42
SIDE = 200
MOST = 8
"""Outputs that are drawn."""


def error_charts(outputs: Sequence[OutputAgreement]) -> str:
    """A histogram, and a map where the output has places, for each output that has errors and that they were kept of."""
    found = [output for output in outputs if output.histogram and output.histogram.edges]
    more = len(found) - MOST
    caption = tag("p", f"{more} more outputs are not drawn", class_="caption") if more > 0 else ""
    drawn = (tag("div", *_of(output, number), class_="maps") for number, output in enumerate(found[:MOST]))
    return "".join(drawn) + caption


def _of(output: OutputAgreement, number: int) -> Iterator[str]:
    histogram, heat = output.histogram, output.heat
    if histogram is not None:
        zeros = f"; {histogram.zeros:,} are 0" if histogram.zeros else ""
        counts = f": {counted(sum(histogram.counts) + histogram.zeros, 'element')}{zeros}"
        caption = tag("figcaption", html_line((Name(output.teacher), counts)))
        yield tag("figure", _histogram(histogram), caption, class_="map")
    if heat is not None and len(heat.axes) == 2 and min(heat.lengths) > 1:
        caption = tag(
            "figcaption",
            html_line((f"mean by position along {axes_text(heat.axes)}, {counted(heat.samples, 'sample')}",)),
        )
        yield tag("figure", _map(heat, f"errors-{number}"), caption, class_="map")


def _histogram(found: ErrorHistogram) -> str:
    """A column per power of 2; the first stands for zeros, where there are any."""
    bars = [("0", found.zeros)] if found.zeros else []
    bars += [(f"{edge:.2g}", count) for edge, count in zip(found.edges, found.counts, strict=False)]
    most = max(count for _, count in bars)
    up = Scale(0, most or 1, HEIGHT - BOTTOM, TOP)
    step = (WIDTH - LEFT - 8) / len(bars)
    every = -(-len(bars) // 10)
    parts = rows(up, LEFT, WIDTH - 8, 4)
    for at, (edge, count) in enumerate(bars):
        told = f"{counted(count, 'element')} {'with no error' if edge == '0' else f'from {edge} on'}"
        x = LEFT + at * step
        parts.append(rect(x + 1, up.at(count), step - 2, HEIGHT - BOTTOM - up.at(count), "fill", hover(told)))
        if at % every == 0:
            parts.append(
                text(x + step / 2 if edge == "0" else x, HEIGHT - BOTTOM + 16, edge, anchor="middle", class_="tick")
            )
    parts.append(
        text((LEFT + WIDTH) / 2, HEIGHT - 6, "size of the error, student - teacher", anchor="middle", class_="muted")
    )
    return chart(WIDTH, HEIGHT, "how many elements have an error of which size", *parts)


def _map(found: ErrorMap, name: str) -> str:
    high, wide = found.lengths
    scale = SIDE / max(high, wide)
    heat = Heat(np.array(found.cells), (high, wide))
    width, height = max(24.0, wide * scale), max(24.0, high * scale)
    map_ = tag("g", shade(heat, width, height, name), rect(0, 0, width, height, "frame"), class_="heat errors")
    return chart(width, height, "mean error by position: darker is larger", map_, wide=False)

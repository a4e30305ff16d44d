"""How the mass of effective fields lies along each axis of the input, with what the unit can see in theory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.report.chart.markup import chart, hover, html_line, path, rect, tag, text
from rfonnx.report.chart.scale import Scale, columns, rows
from rfonnx.report.document import Name
from rfonnx.report.effective.maps import SHARES
from rfonnx.report.effective.unit_maps import around
from rfonnx.results.effective import ERF
from rfonnx.results.map_figures import Map, marginal, shortest_interval
from rfonnx.results.plain import position_text

WIDTH, HEIGHT = 580, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 34, 26

COLUMNS = 1024
"""Most steps of a curve; more positions are drawn together, by their means."""


def profiles(erf: ERF, several: bool) -> str:
    """A curve per axis; `several`: other units are beside it."""
    return "".join(_profile(erf, axis, several) for axis in range(erf.map.ndim))


def _profile(erf: ERF, axis: int, several: bool) -> str:
    mass = marginal(erf.map, (axis,))
    first, last = around(erf.field[axis], len(mass))
    across = Scale(first - 0.5, last + 0.5, LEFT, WIDTH - RIGHT)
    up = Scale(0, float(100 * mass.max()) or 1.0, HEIGHT - BOTTOM, TOP)
    parts = (
        *_field(erf, axis, across),
        *rows(up, LEFT, WIDTH - RIGHT, 4),
        path(_area(mass, first, last, across, up), "area"),
        *_intervals(mass, across),
        *columns(across, HEIGHT - BOTTOM, 8),
        text(4, 12, "% of the mass", class_="muted"),
    )
    unit = f"unit {position_text(erf.position)}, " if several else ""
    label = f"{unit}mass along axis {erf.axes[axis]}, sigma {erf.sigma[axis]:.4g} positions"
    caption = tag("figcaption", html_line((f"{label}, of ", Name(erf.input))))
    return tag("figure", chart(WIDTH, HEIGHT, label, *parts), caption, class_="map")


def _field(erf: ERF, axis: int, across: Scale) -> Iterator[str]:
    lo, hi = erf.field[axis]
    left, right = across.at(lo - 0.5), across.at(hi + 0.5)
    yield rect(left, TOP, right - left, HEIGHT - BOTTOM - TOP, "span", hover(f"theoretical field: {lo}..{hi}"))


def _area(mass: Map, first: int, last: int, across: Scale, up: Scale) -> str:
    """The outline of a step per position, down to the axis at both ends."""
    shown = mass[first : last + 1]
    starts = np.unique(np.arange(min(COLUMNS, len(shown))) * len(shown) // min(COLUMNS, len(shown)))
    means = np.add.reduceat(shown, starts) / np.diff(starts, append=len(shown))
    way = f"M{across.start:.1f} {up.start:.1f}"
    for begin, end, mean in zip(starts, [*starts[1:], len(shown)], means, strict=True):
        left, right = across.at(first + int(begin) - 0.5), across.at(first + int(end) - 0.5)
        way += f"L{left:.1f} {up.at(100 * float(mean)):.1f}H{right:.1f}"
    return f"{way}V{up.start:.1f}Z"


def _intervals(mass: Map, across: Scale) -> Iterator[str]:
    for share, y in zip(SHARES, (TOP - 12, TOP - 6), strict=True):
        first, last = shortest_interval(mass, share)
        told = f"{100 * share:g}% of the mass: {first}..{last}, {last - first + 1} positions"
        yield path(
            f"M{across.at(first - 0.5):.1f} {y}H{across.at(last + 0.5):.1f}", f"outline of-{100 * share:g}", hover(told)
        )

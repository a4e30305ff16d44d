"""Growth curves as SVG: depth to the right, size of the field upwards, and a line where the input ends.

They need no script and no style sheet: colours are attributes, which take the page's colours where it has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rfonnx.report.chart.markup import words
from rfonnx.report.chart.scale import Scale, sized
from rfonnx.report.fields.view import Axes
from rfonnx.report.network.drawn import Drawn
from rfonnx.report.network.growth import Curve, Point, caption, curves, told
from rfonnx.report.network.palette import FAMILIES, family_paint, paint
from rfonnx.results.plain import axes_text

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 62, 40
SHOWN = 6
"""Most curves that are drawn."""

NAME = 80
"""Longest name that is written whole."""


def growth_drawing(source: Drawn, axes: Axes) -> str:
    """The curves of a model, one drawing after the other; "" where no tensor sees anything."""
    found = curves(source, axes)
    more = f'<p class="caption">{len(found) - SHOWN} more curves are not drawn.</p>' if len(found) > SHOWN else ""
    return "\n".join(map(growth_svg, found[:SHOWN])) + more


def growth_svg(curve: Curve) -> str:
    """One curve as an `<svg>` element."""
    known = [*(point.size for point in curve.points), *filter(None, curve.lengths)]
    across = Scale(0, max(curve.depth - 1, 1), LEFT, WIDTH - RIGHT)
    up = sized(min(known), max(known), HEIGHT - BOTTOM, TOP)
    return "".join(
        (
            f'<svg class="growth" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="group"'
            f' data-depth="{curve.depth}" data-left="{LEFT}" data-right="{WIDTH - RIGHT}"'
            f' aria-label="{words(*caption(curve), room=NAME)}" font-family="system-ui, sans-serif" font-size="12">',
            f'<text x="4" y="16" font-weight="600" fill="{paint("ink")}">{words(*caption(curve), room=NAME)}</text>',
            *_legend(curve),
            *_grid(across, up),
            *_input_lines(curve, up),
            _line(curve, across, up),
            *_points(curve, across, up),
            "</svg>",
        )
    )


def _legend(curve: Curve) -> Iterator[str]:
    """The families that are in the drawing, and what a diamond stands for."""
    x = 10
    present = {point.family for point in curve.points}
    for family in FAMILIES:
        if family in present:
            yield f'<circle cx="{x}" cy="34" r="4" fill="{family_paint(family)}"/>'
            yield f'<text x="{x + 8}" y="38" fill="{paint("muted")}">{family}</text>'
            x += 28 + round(7.2 * len(family))
    if any(point.whole for point in curve.points):
        yield f'<path d="{_diamond(x, 34)}" fill="none" stroke="{paint("global")}" stroke-width="1.5"/>'
        yield f'<text x="{x + 10}" y="38" fill="{paint("muted")}">global</text>'


def _grid(across: Scale, up: Scale) -> Iterator[str]:
    muted = paint("muted")
    for value in filter(float.is_integer, up.ticks()):  # sizes are whole
        y = up.at(value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{paint("line")}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{muted}">{value:.0f}</text>'
    for value in filter(float.is_integer, across.ticks()):
        yield f'<text x="{across.at(value):.1f}" y="{HEIGHT - 22}" text-anchor="middle" fill="{muted}">{value:.0f}</text>'
    scale = ", logarithmic" if up.logarithmic else ""
    yield f'<text x="{LEFT}" y="{TOP - 8}" fill="{muted}">size of the field{scale}</text>'
    middle_x = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle_x:.0f}" y="{HEIGHT - 5}" text-anchor="middle" fill="{muted}">layers, in order</text>'


def _input_lines(curve: Curve, up: Scale) -> Iterator[str]:
    """Where the input ends; its axes are told apart where they differ."""
    by_length: dict[int, list[int]] = {}
    for axis, length in zip(curve.axes, curve.lengths, strict=True):
        by_length.setdefault(length or 0, []).append(axis)
    by_length.pop(0, None)
    place = LEFT + 6
    for length, axes in sorted(by_length.items()):
        y = up.at(length)
        which = f" along {axes_text(axes)}" if len(by_length) > 1 else ""
        told_here = f"the input: {length}{which}"
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{paint("accent")}" stroke-dasharray="6 4"/>'
        above = y - 5 if y > TOP + 12 else y + 14  # not into the words above the drawing
        yield f'<text x="{place}" y="{above:.1f}" fill="{paint("accent")}">{told_here}</text>'
        place += 20 + 7 * len(told_here)  # beside the one before: lines of like lengths lie close together


def _line(curve: Curve, across: Scale, up: Scale) -> str:
    """From change to change; between them the field stays as it is."""
    path, before = "", None
    for point in curve.points:
        x, y = across.at(point.tensor), up.at(point.size)
        path += f"H{x:.1f}V{y:.1f}" if before is not None else f"M{x:.1f} {y:.1f}"
        before = point
    path += f"H{WIDTH - RIGHT}"
    return f'<path d="{path}" fill="none" stroke="{paint("muted")}" stroke-opacity=".55" stroke-width="1.25"/>'


def _points(curve: Curve, across: Scale, up: Scale) -> Iterator[str]:
    """Each with what it says, as a tool tip; `data-layer` is its number in the order of the analysis."""
    order = sorted(curve.points, key=lambda point: FAMILIES.index(point.family))
    for family, points in groupby(order, key=lambda point: point.family):
        yield f'<g fill="{family_paint(family)}">'
        for point in points:
            yield _point(point, across.at(point.tensor), up.at(point.size))
        yield "</g>"


def _point(point: Point, x: float, y: float) -> str:
    title = f'data-layer="{point.tensor}"><title>{words(*told(point), room=NAME)}</title>'
    if point.whole:
        return f'<path d="{_diamond(x, y)}" stroke="{paint("global")}" stroke-width="1.5" {title}</path>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {title}</circle>'


def _diamond(x: float, y: float) -> str:
    return f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6-6z"

"""Maps of effective fields with their theoretical boxes, in positions of the input; one scale for all units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.chart.heat import Heat, drawn, frame, heat_of
from rfonnx.report.chart.markup import chart, html_line, tag, text
from rfonnx.report.chart.scale import Scale
from rfonnx.report.document import Line
from rfonnx.report.effective.maps import MARGIN, planes, strongest
from rfonnx.results.effective import ERF, Interval
from rfonnx.results.plain import position_text
from rfonnx.system.named import NamedTuple

SIDE, LEAST = 340, 60
"""Units of a map's longer side, and of its shorter one at least."""

LEFT, TOP, BOTTOM = 44, 6, 24


class Plane(NamedTuple):
    """A map over two axes of the input, and the part of the input that is shown."""

    erf: ERF
    kept: tuple[int, int]
    shown: tuple[Interval, Interval]
    heat: Heat


def unit_maps(erfs: Sequence[ERF]) -> list[list[str]]:
    """By unit, a map per pair of axes: one where there are two, none where there is one."""
    drawn_planes = [list(planes_of(erf)) for erf in erfs]
    top = strongest(plane.heat.cells for some in drawn_planes for plane in some)
    return [
        [_map(plane, f"field-{unit}-{number}", top, len(erfs) > 1) for number, plane in enumerate(some)]
        for unit, some in enumerate(drawn_planes)
    ]


def planes_of(erf: ERF) -> Iterator[Plane]:
    """The planes of a map, each with the part of the input that is shown."""
    for plane, (rows, columns) in planes(erf):
        ends = [around(erf.field[axis], length) for axis, length in zip((rows, columns), plane.shape, strict=True)]
        (top, bottom), (left, right) = ends
        box = [
            (lo - first, hi - first)
            for (lo, hi), (first, _) in zip((erf.field[rows], erf.field[columns]), ends, strict=True)
        ]
        centre = (erf.center[rows] - top, erf.center[columns] - left)
        heat = heat_of(plane[top : bottom + 1, left : right + 1], box, centre)
        yield Plane(erf, (rows, columns), (ends[0], ends[1]), heat)


def around(field: Interval, length: int) -> Interval:
    """The field and a margin, within the input."""
    reach = max(2, round(MARGIN * (field[1] - field[0] + 1)))
    return max(0, field[0] - reach), min(length - 1, field[1] + reach)


def _map(plane: Plane, name: str, top: float, several: bool) -> str:
    high, wide = plane.heat.lengths
    scale = SIDE / max(high, wide)
    width, height = max(LEAST, wide * scale), max(LEAST, high * scale)
    parts = (drawn(plane.heat, width, height, name, "first", top), *frame(plane.heat, width, height))
    inner = tag("g", *parts, *_ticks(plane, width, height), transform=f"translate({LEFT} {TOP})")
    sigma = " x ".join(f"{one:.3g}" for one in plane.erf.sigma)
    label = f"effective field, sigma {sigma} positions"
    picture = chart(LEFT + width + 4, TOP + height + BOTTOM, label, inner, wide=False)
    return tag("figure", picture, tag("figcaption", html_line(_caption(plane, top, several))), class_="map")


def _ticks(plane: Plane, width: float, height: float) -> Iterator[str]:
    """Positions of the input along both axes; a position is as wide as its cell."""
    (top, bottom), (left, right) = plane.shown
    down, across = Scale(top - 0.5, bottom + 0.5, 0, height), Scale(left - 0.5, right + 0.5, 0, width)
    for tick in down.ticks(6):
        yield text(-6, down.at(tick) + 4, f"{tick:g}", anchor="end", class_="tick")
    for tick in across.ticks(6):
        yield text(across.at(tick), height + 16, f"{tick:g}", anchor="middle", class_="tick")


def _caption(plane: Plane, top: float, several: bool) -> Line:
    erf = plane.erf
    unit = f"unit {position_text(erf.position)}: " if several else ""
    rows, columns = (erf.axes[axis] for axis in plane.kept)
    each = plane.heat.lengths[0] * plane.heat.lengths[1] / plane.heat.cells.size
    return (
        f"{unit}axis {rows} down, {columns} across; strongest colour: {100 * top / each:.2g}% of the mass per position",
    )

"""A plan of tiles as a page: the whole of an input, its tiles, and of one of them what is run and what is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rfonnx.report.chart.markup import path, rect, tag
from rfonnx.report.escape import printable
from rfonnx.report.page.page import Page, Panel, Sheet
from rfonnx.report.tiling.people import plan_document
from rfonnx.results.plain import axes_text
from rfonnx.results.tiling import Pair, PlanSummary, Tile, TiledAxis
from rfonnx.system.named import NamedTuple

WIDTH, HEIGHT = 720, 480
"""Of the drawing, in its own units."""

STRIP = 60
"""Height of the drawing of an input that is tiled along one axis."""

NARROWEST = 3
"""Units between two tiles: nearer ones are not drawn, only the one that is pointed at."""

MOST = 5000
"""Tiles along an axis that can be pointed at."""


class Place(NamedTuple):
    """A tile along one axis of the input, half open: what is kept of it, and what is run."""

    kept: tuple[int, int]
    crop: tuple[int, int]


class Side(NamedTuple):
    """An axis of the input that is drawn.

    Attributes:
        pair: input and axis.
        length: of the whole.
        places: of the tiles along it.
    """

    pair: Pair
    length: int
    places: tuple[Place, ...]


def plan_page(plan: PlanSummary) -> Page:
    """The verdict, the drawing where a size was asked for, and the tables."""
    document = plan_document(plan)
    sides = tuple(_sides(plan)) if plan.tiles else ()
    panel = (_panel(sides),) if sides and max(len(side.places) for side in sides) <= MOST else ()
    return Page(f"tiles of {plan.model}", (Sheet(document.head, (*panel, *document.parts)),))


def _sides(plan: PlanSummary) -> Iterator[Side]:
    """The last two of the axes that are tiled, or the only one, of the first input that has them."""
    name = next(iter(plan.axes[-1].inputs))[0]
    for at in range(max(0, len(plan.axes) - 2), len(plan.axes)):
        axis, apart = plan.axes[at], math.prod(plan.counts[at + 1 :])
        pair = next((pair for pair in axis.inputs if pair[0] == name), None)
        if pair is not None:
            places = tuple(
                _place(axis, pair, plan.tiles[turn * apart]) for turn in range(min(plan.counts[at], MOST + 1))
            )
            yield Side(pair, axis.lengths[pair], places)


def _place(axis: TiledAxis, pair: Pair, tile: Tile) -> Place:
    """What is kept is told of outputs: it is moved to the input by their steps."""
    (output, at), step = next(iter(axis.outputs.items()))
    start, stop = tile.kept[output][at]
    own = axis.inputs[pair]
    kept = start * own // step, min(-(-stop * own // step), axis.lengths[pair])
    return Place(kept, tile.crops[pair[0]][pair[1]])


def _panel(sides: tuple[Side, ...]) -> Panel:
    input, axes = sides[0].pair[0], [side.pair[1] for side in sides]
    data = {
        "axes": axes,
        "places": [[[*place.kept, *place.crop] for place in side.places] for side in sides],
        "scales": list(_scales(sides)),
    }
    return Panel(
        "tiles",
        f"Tiles over {printable(input)}, {axes_text(axes)}",
        data,
        drawing=_drawing(sides),
    )


def _scales(sides: tuple[Side, ...]) -> tuple[float, ...]:
    """Units per position, by side: the same for both, unless that makes one too thin to be seen."""
    if len(sides) == 1:
        return (WIDTH / sides[0].length,)
    high, wide = (side.length for side in sides)
    scale = min(WIDTH / wide, HEIGHT / high)
    return max(scale, STRIP / high), max(scale, STRIP / wide)


def _drawing(sides: tuple[Side, ...]) -> str:
    """The whole, the borders between what is kept of the tiles, and one of them with its crop: the one in the middle."""
    scales = _scales(sides)
    width = sides[-1].length * scales[-1]
    height = sides[0].length * scales[0] if len(sides) == 2 else STRIP
    lines = [
        line
        for turn, (side, scale) in enumerate(zip(sides, scales, strict=True))
        for line in _lines(side, scale, width, height, across=turn == len(sides) - 1)
    ]
    chosen = [side.places[len(side.places) // 2] for side in sides]
    boxes = [_box([getattr(place, part) for place in chosen], scales, part) for part in ("crop", "kept")]
    label = f"{math.prod(len(side.places) for side in sides)} tiles, one of them with what is run for it"
    box = f"-1 -1 {width + 2:.1f} {height + 2:.1f}"
    parts = (rect(0, 0, width, height, "tiles-whole"), *lines, *boxes)
    return tag("svg", *parts, class_="tiles", viewBox=box, role="img", aria_label=label, tabindex=0)


def _lines(side: Side, scale: float, width: float, height: float, across: bool) -> Iterator[str]:
    starts = [place.kept[0] * scale for place in side.places[1:]]
    if not starts or side.length * scale / len(side.places) < NARROWEST:
        return
    for at in starts:
        yield path(f"M{at:.1f} 0V{height:.1f}" if across else f"M0 {at:.1f}H{width:.1f}", "tiles-line")


def _box(ranges: Sequence[tuple[int, int]], scales: tuple[float, ...], part: str) -> str:
    left, right = (one * scales[-1] for one in ranges[-1])
    top, bottom = (one * scales[0] for one in ranges[0]) if len(ranges) == 2 else (0, STRIP)
    return rect(left, top, right - left, bottom - top, f"tiles-{part}")

"""Maps of effective fields as SVG: the map by the strength of one colour, and outlines of what holds most of its mass.

The map is a PNG file of greys that masks a rectangle, so that its colour is the page's, light or dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rfonnx.report.chart.markup import path, rect, tag
from rfonnx.report.effective.maps import SHARES, blur, strongest
from rfonnx.results.map_figures import Map, highest_level
from rfonnx.results.png import data_uri
from rfonnx.system.named import NamedTuple

CELLS = 128
"""Most cells along an axis; longer maps are summed over neighbours."""

FINE = 160
"""Cells along an axis that outlines are drawn by, at least half as many."""


class Heat(NamedTuple):
    """A map to be drawn.

    Attributes:
        cells: mass by cell, (rows, columns).
        lengths: positions along the two axes that the cells lie over; a map of one axis has one row.
        box: first and last position of the theoretical field along both axes, closed; None: all.
        centre: where the unit stands, in positions.
    """

    cells: Map
    lengths: tuple[int, int]
    box: tuple[tuple[int, int], tuple[int, int]] | None = None
    centre: tuple[float, float] | None = None


def heat_of(values: Map, box: Sequence[tuple[int, int]] | None, centre: Sequence[float] | None) -> Heat:
    """A map of one axis or more: summed down to its last two, and into at most `CELLS` cells each."""
    plane = values.sum(axis=tuple(range(values.ndim - 2))) if values.ndim > 2 else np.atleast_2d(values)
    edge = [(0, 0)] if values.ndim == 1 else []
    kept = None if box is None else [*edge, *box][-2:]
    place = None if centre is None else [*([0.0] if edge else []), *centre][-2:]
    lengths = (plane.shape[0], plane.shape[1])
    return Heat(
        gathered(plane), lengths, None if kept is None else (kept[0], kept[1]),
        None if place is None else (place[0], place[1]),
    )  # fmt: skip


def gathered(plane: Map, most: int = CELLS) -> Map:
    """The mass in at most so many cells along each axis, of lengths that differ by one position at most."""
    for axis, length in enumerate(plane.shape):
        if length > most:
            plane = np.add.reduceat(plane, np.arange(most) * length // most, axis)
    return plane


def drawn(heat: Heat, width: float, height: float, name: str, colour: str, top: float | None = None) -> str:
    """The map and its outlines in a rectangle from the origin.

    Args:
        heat: the map.
        width, height: of the rectangle.
        name: of the mask, its own in the page.
        colour: a class that fills, and strokes outlines.
        top: see `shade`.
    """
    return tag("g", shade(heat, width, height, name, top), *outlines(heat, width, height), class_=f"heat {colour}")


def shade(heat: Heat, width: float, height: float, name: str, top: float | None = None) -> str:
    """The map: darker cells have more mass. Its root is drawn, so that what is weak is seen, too.

    Args:
        heat, width, height, name: as in `drawn`.
        top: mass of the darkest cells, where maps share a scale; None: the map's own.
    """
    whole = strongest([heat.cells]) if top is None else top
    greys = np.round(255 * np.sqrt(np.clip(heat.cells / whole, 0, 1))).astype(np.uint8)
    image = tag(
        "image", href=data_uri(greys), width=width, height=height, preserveAspectRatio="none", class_="cells"
    )  # fmt: skip
    return tag("mask", image, id=name) + tag("rect", width=width, height=height, mask=f"url(#{name})", class_="mass")


def outlines(heat: Heat, width: float, height: float) -> Iterator[str]:
    """Around the strongest cells that hold each of `SHARES` of the mass, once the map is blurred, as pictures of fields do."""
    if not heat.cells.any():
        return
    fine = _finer(heat.cells)
    smooth = np.where(_inside(heat, fine.shape), blur(fine), 0.0) if min(heat.cells.shape) > 1 else fine
    for share in SHARES:
        inside = (smooth > 0) & (smooth >= highest_level(smooth, share, of=fine))
        yield path(border(inside, width, height), f"outline of-{100 * share:g}")


def _finer(cells: Map) -> Map:
    """Each cell as several, so that outlines are smooth."""
    times = [max(1, FINE // length) if length > 1 else 1 for length in cells.shape]
    return np.kron(cells, np.full(times, 1 / (times[0] * times[1])))


def _inside(heat: Heat, shape: tuple[int, ...]) -> np.ndarray:
    """Cells of this many rows and columns that lie in the theoretical field, wholly or in part: nothing leaves it."""
    inside = np.ones(shape, bool)
    for axis, (length, cells, (first, last)) in enumerate(zip(heat.lengths, shape, heat.box or (), strict=False)):
        at = np.arange(cells)
        along = (at + 1) * length / cells > first
        along &= at * length / cells < last + 1
        inside &= np.expand_dims(along, 1 - axis)
    return inside


def border(inside: np.ndarray, width: float, height: float) -> str:
    """The path between cells that belong and those that do not; along the map's own border, too.

    >>> border(np.array([[True]]), 2.0, 2.0)
    'M0 0H2M0 2H2M0 0V2M2 0V2'
    """
    padded = np.pad(inside, 1)
    across, down = width / inside.shape[1], height / inside.shape[0]
    flat = [f"M{a * across:.4g} {row * down:.4g}H{b * across:.4g}" for row, a, b in _runs(padded[1:] != padded[:-1])]
    steep = [
        f"M{col * across:.4g} {a * down:.4g}V{b * down:.4g}" for col, a, b in _runs((padded[:, 1:] != padded[:, :-1]).T)
    ]
    return "".join(flat + steep)


def _runs(edges: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Row, first and end of every run of edges, without the padding."""
    for row, line in enumerate(edges):
        turns = np.flatnonzero(np.diff(np.concatenate([[0], line[1:-1].astype(np.int8), [0]])))
        for first, end in turns.reshape(-1, 2).tolist():
            yield row, first, end


def frame(heat: Heat, width: float, height: float) -> Iterator[str]:
    """The input's border, the theoretical field's box, and its centre."""
    across, down = width / heat.lengths[1], height / heat.lengths[0]
    yield rect(0, 0, width, height, "frame")
    if heat.box is not None:
        (top, bottom), (left, right) = heat.box
        yield rect(left * across, top * down, (right - left + 1) * across, (bottom - top + 1) * down, "theory")
    if heat.centre is not None:
        x, y = (heat.centre[1] + 0.5) * across, (heat.centre[0] + 0.5) * down
        yield path(f"M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10", "centre")

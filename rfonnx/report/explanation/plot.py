"""What one position can see, drawn by matplotlib: exactly which positions of each input it reads, and the boxes around them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rfonnx.errors import QueryError
from rfonnx.report.drawing import (
    CHARACTERS,
    LINE,
    PALE,
    ROW,
    SMALL,
    drawing,
    legend_below,
    legend_of,
    pale_title,
    saved,
)
from rfonnx.report.escape import printable
from rfonnx.report.explanation.chains import Explanation
from rfonnx.report.explanation.footprint import Backdrop, Footprint, Interval
from rfonnx.report.explanation.planes import Plane, planes_of, shown_part
from rfonnx.report.fitting import middle
from rfonnx.results.plain import axes_text, bound_texts, position_text, shape_text

READ, BOX, BEYOND, CENTRE, OUTSIDE = "#54aeff", "#00835f", "#b35900", "#d1242f", "#ececec"
VEIL = 0.75
"""How much of a picture that is not read is hidden."""
CELLS = 2048
"""Most cells along an axis that are drawn apart; the colour of one that holds several positions is between both."""
FLAT = 5
"""A panel whose sides differ by more is stretched: three channels beside 224 columns."""
NAME = 60


def explain_png(told: Explanation, every: bool) -> bytes:
    """What the position reads as a PNG file."""
    return saved(explain_figure(told, every), "png")


def explain_svg(told: Explanation, every: bool) -> bytes:
    """The same as an SVG file."""
    return saved(explain_figure(told, every), "svg")


def explain_figure(told: Explanation, every: bool) -> Any:
    """A matplotlib figure: a row of panels per input. `every` is for tables.

    Raises:
        QueryError: nothing is read.
    """
    rows = [(one, list(planes_of(one))) for one in told.footprints]
    if not rows:
        where = f"position {position_text(told.position)} of '{told.tensor.name}'"
        raise QueryError(f"{told.model}: {where} reads nothing: there is nothing to draw", "choose another with --at")
    lines = [line for one, planes in rows for line in _lines(one, planes)]
    heights = [1.9 if len(planes[0].axes) == 1 else 4.4 for _, planes in lines]
    across = max(len(planes) for _, planes in lines)
    with drawing() as figure_class:
        figure = figure_class(figsize=(max(7.5, 4.6 * across), 5), layout="constrained")
        grid = figure.add_gridspec(len(lines), across, height_ratios=heights)
        for row, (words, planes) in enumerate(lines):
            for column, plane in enumerate(planes):
                end = column + 1 if column + 1 < len(planes) else across
                axes = figure.add_subplot(grid[row, column:end])
                _draw(axes, plane, told)
                if words and not column and len(rows) > 1:
                    room = int(CHARACTERS * figure.get_figwidth() * (end - column) / across) - 8
                    told_here = "\n".join(textwrap.fill(line, room) for line in words)
                    axes.set_title(told_here, fontsize=SMALL, loc="left")
        found = legend_of(figure.axes)
        count = legend_below(figure, list(found.values()), list(found))
        lines_above = pale_title(figure, *_provenance(told), *(_words(rows[0][0]) if len(rows) == 1 else []))
        figure.set_figheight(0.4 + sum(heights) + ROW * count + LINE * lines_above)
    return figure


def _lines(one: Footprint, planes: list[Plane]) -> Iterator[tuple[list[str], list[Plane]]]:
    """Rows of panels, with the words above the first one; strips lie below each other."""
    if len(one.axes) > 1:
        yield _words(one), planes
        return
    for number, plane in enumerate(planes):
        yield ([] if number else _words(one)), [plane]


def _provenance(told: Explanation) -> list[str]:
    tensor = told.tensor
    name = f"{middle(printable(tensor.name), NAME)} [{position_text(told.position)}] of {shape_text(tensor.shape)}"
    lines = [f"{middle(printable(told.model), NAME)}: what {name} can see, {'exact' if tensor.exact else 'at most'}"]
    if told.backdrop:
        lines.append(f"on {middle(printable(told.backdrop.name), NAME)}, resized to the input")
    if told.values:
        lines.append(", ".join(printable(given + words) for given, words in bound_texts(told.values)))
    return lines


def _words(one: Footprint) -> list[str]:
    """The input, and the figures of what is read of it along the drawn axes."""
    sizes = "x".join(str(hi - lo + 1) for lo, hi in one.unbounded)
    inside = math.prod(hi - lo + 1 for lo, hi in one.clipped)
    clipped = "x".join(f"{lo}..{hi}" for lo, hi in one.clipped)
    return [
        f"input {middle(printable(one.input), NAME)} ({shape_text(one.shape)}), {axes_text(one.axes)}",
        f"size {sizes}, within the borders {clipped}: {one.grid.total():,} of {inside:,} positions are read",
    ]


def _draw(axes: Any, plane: Plane, told: Explanation) -> None:
    strip = len(plane.axes) == 1
    clipped, unbounded = (((0, 0), *box) if strip else box for box in (plane.clipped, plane.unbounded))
    axes.set_facecolor(OUTSIDE)
    _input(axes, plane, None if strip else told.backdrop, told.tensor.exact)
    _box(axes, unbounded, BEYOND, "--", "field, borders not clipped")
    _box(axes, clipped, BOX, "-", "field within the input")
    (top, bottom), (left, right) = unbounded
    centre = {"color": CENTRE, "marker": "+", "markersize": 11, "markeredgewidth": 1.8, "linestyle": "none"}
    axes.plot((left + right) / 2, (top + bottom) / 2, label="centre of the field", zorder=6, **centre)
    (top, bottom), (left, right) = shown = shown_part(plane, ((0, 0), *plane.unbounded) if strip else plane.unbounded)
    down, across = (0.03 * (hi - lo + 1) + 0.5 for lo, hi in shown)
    axes.set_xlim(left - 0.5 - across, right + 0.5 + across)
    axes.set_ylim(bottom + 0.5 + down, top - 0.5 - down)
    sides = sorted((bottom - top + 1, right - left + 1))
    axes.set_aspect("auto" if strip or sides[1] > FLAT * sides[0] else "equal")
    axes.set_xlabel(f"axis {plane.axes[-1]}" + (f"; {plane.at}" if plane.at else ""), fontsize=SMALL)
    if strip:
        axes.set_yticks([])
    else:
        axes.set_ylabel(f"axis {plane.axes[0]}", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    for side in (axes.xaxis, axes.yaxis)[: 1 if strip else 2]:
        side.get_major_locator().set_params(integer=True, nbins=6)
    if plane.near:
        axes.set_title("the field, larger", fontsize=SMALL, color=PALE)


def _input(axes: Any, plane: Plane, backdrop: Backdrop | None, exact: bool) -> None:
    """The input: white, or a picture under a veil; what is read shows through it, or is blue."""
    from matplotlib.colors import to_rgba

    rows, columns = plane.shape
    extent = (-0.5, columns - 0.5, rows - 0.5, -0.5)
    shares, (top, bottom), (left, right) = plane.cells(CELLS)
    veil = np.array(to_rgba("white", VEIL if backdrop else 1.0))
    if backdrop:
        axes.imshow(backdrop.pixels, extent=extent, cmap="gray", vmin=0, vmax=255)
    axes.imshow(
        veil + shares[..., None] * (np.array(to_rgba(READ, 0.0 if backdrop else 1.0)) - veil),
        extent=(left - 0.5, right + 0.5, bottom + 0.5, top - 0.5),
        interpolation_stage="rgba",
    )
    square = {"marker": "s", "markersize": 10, "linestyle": "none", "markeredgecolor": "#888888"}
    word = "read" if exact else "read, at most"
    shown = (
        {"markerfacecolor": "none", "label": f"{word} (clear)"}
        if backdrop
        else {"markerfacecolor": READ, "label": word}
    )
    axes.plot([], [], **square, **shown)
    axes.plot([], [], **square, markerfacecolor=OUTSIDE, label="beyond the borders")


def _box(axes: Any, box: Sequence[Interval], colour: str, line: str, label: str) -> None:
    (top, bottom), (left, right) = box
    across = [left - 0.5, right + 0.5, right + 0.5, left - 0.5, left - 0.5]
    down = [top - 0.5, top - 0.5, bottom + 0.5, bottom + 0.5, top - 0.5]
    axes.plot(across, down, color=colour, linestyle=line, linewidth=1.6, zorder=5, label=label)

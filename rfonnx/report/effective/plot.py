"""Effective fields drawn by matplotlib (the `plot` extra): map, theoretical field, and where 50 and 95% of the mass lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rfonnx.report.drawing import LINE, drawing, legend_below, pale_title, saved
from rfonnx.report.effective.maps import MARGIN, SHARES, blur, planes, strongest
from rfonnx.report.escape import printable
from rfonnx.report.fitting import middle
from rfonnx.results.effective import ERF
from rfonnx.results.map_figures import Map, highest_level, shortest_interval
from rfonnx.results.plain import axes_text, position_text, shape_text

ACROSS = 4
NAME = 18
"""Characters of a unit's name above a panel of `ACROSS` beside each other."""
BOX, INNER, OUTER, CURVE = "#00b388", "#111111", "#0072b2", "#7a1f5c"
COLOURS = "magma_r"


def erf_plot(erfs: Sequence[ERF], style: str, titles: Sequence[str] = ()) -> bytes:
    """A picture as "png" or "svg": a panel per unit, or per pair of axes where a map has three and more. All have one scale.

    Args:
        erfs: units whose maps have equally many axes.
        style: "png" or "svg".
        titles: one per unit, drawn as they are; without them, the unit's name and sigma, and above them what was measured.

    Raises:
        RfonnxError: matplotlib is not installed.
    """
    return saved(erf_figure(erfs, titles), style)


def erf_png(erfs: Sequence[ERF]) -> bytes:
    """The picture as a PNG file."""
    return erf_plot(erfs, "png")


def erf_svg(erfs: Sequence[ERF]) -> bytes:
    """The picture as an SVG file."""
    return erf_plot(erfs, "svg")


def erf_figure(erfs: Sequence[ERF], titles: Sequence[str] = ()) -> Any:
    """The same as a matplotlib figure."""
    draw = _curves if erfs[0].map.ndim == 1 else _images
    with drawing() as figure_class:
        figure = draw(figure_class, erfs, list(titles) or [_title(erf) for erf in erfs])
        if not titles:
            lines = pale_title(figure, *_provenance(erfs[0]))
            figure.set_figheight(figure.get_figheight() + LINE * lines)
    return figure


def _provenance(erf: ERF) -> list[str]:
    """What was measured, on what, and how: a picture is passed on without its command."""
    channels = "all channels" if erf.channel == "sum" else f"channels {erf.channel}"
    over = f"input {erf.input}, {axes_text(erf.axes)} ({shape_text(erf.map.shape)})"
    return [f"{erf.model}: {erf.samples} of {erf.data}, {erf.how}", f"{over}; {channels} of the unit"]


def _title(erf: ERF) -> str:
    spread = "nothing changes it" if erf.empty else "sigma " + " x ".join(f"{s:.3g}" for s in erf.sigma)
    return f"{middle(printable(erf.tensor), NAME)} [{position_text(erf.position)}]\n{spread}"


def _curves(figure_class: Any, erfs: Sequence[ERF], titles: Sequence[str]) -> Any:
    """Maps of one axis: a panel each, one below the other."""
    figure = figure_class(figsize=(8, 0.6 + 2.2 * len(erfs)), layout="constrained")
    panels = figure.subplots(len(erfs), 1, squeeze=False, sharey=True)[:, 0]
    for axes, erf, title in zip(panels, erfs, titles, strict=True):
        (lo, hi), places = erf.field[0], np.arange(len(erf.map))
        axes.axvspan(lo - 0.5, hi + 0.5, color=BOX, alpha=0.13, linewidth=0, label="theoretical field")
        axes.plot(places, erf.map, color=CURVE, linewidth=1, drawstyle="steps-mid", label="effective")
        if not erf.empty:
            for share, colour, height in zip(SHARES, (INNER, OUTER), (0.94, 0.86), strict=True):
                first, last = shortest_interval(erf.map, share)
                label = f"shortest {100 * share:g}% of the mass"
                ends, across = (first - 0.5, last + 0.5), axes.get_xaxis_transform()
                axes.plot(ends, (height, height), color=colour, transform=across, label=label)
        axes.set_xlim(*_limits(lo, hi, len(erf.map)))
        axes.set_title(title, fontsize=9)
        axes.set_xlabel(f"axis {erf.axes[0]} of {printable(erf.input)}", fontsize=9)
        axes.set_ylabel("share of the mass", fontsize=9)
        axes.tick_params(labelsize=9)
    panels[0].set_ylim(0, 1.3 * max(*(erf.map.max() for erf in erfs), 1e-300))  # one scale, shared; room for the lines
    legend_below(figure, *panels[0].get_legend_handles_labels())
    return figure


def _images(figure_class: Any, erfs: Sequence[ERF], titles: Sequence[str]) -> Any:
    """Maps of two axes: up to `ACROSS` panels side by side. Of more axes: a row of panels per unit."""
    drawn = [(erf, title, *plane) for erf, title in zip(erfs, titles, strict=True) for plane in planes(erf)]
    across = len(drawn) // len(erfs) if erfs[0].map.ndim > 2 else min(ACROSS, len(erfs))
    down = -(-len(drawn) // across)
    tallest = max(_length(erf.field[rows]) / _length(erf.field[columns]) for erf, _, _, (rows, columns) in drawn)
    size = (max(5.6, 3.1 * across) + 0.7, 0.5 + down * (0.6 + min(5.0, max(1.5, 2.8 * tallest))))
    figure = figure_class(figsize=size, layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False).flat)
    brightest = strongest(plane for _, _, plane, _ in drawn)
    for axes, (erf, title, plane, kept) in zip(panels, drawn, strict=False):
        # What is exactly 0 stays white: holes, and all that lies outside.
        image = axes.imshow(100 * np.where(plane > 0, plane, np.nan), cmap=COLOURS, vmin=0, vmax=100 * brightest)
        (top, bottom), (left, right) = (erf.field[axis] for axis in kept)
        _contours(axes, plane, (slice(top, bottom + 1), slice(left, right + 1)))
        _box(axes, left, top, right, bottom)
        axes.set_xlim(*_limits(left, right, plane.shape[1]))
        axes.set_ylim(*_limits(top, bottom, plane.shape[0])[::-1])
        if kept[0] + 2 == erf.map.ndim:  # the first panel of the unit
            axes.set_title(title, fontsize=11)
        if erf.map.ndim > 2:
            rows, columns = (erf.axes[axis] for axis in kept)
            axes.set_xlabel(f"axis {columns} across, {rows} down", fontsize=9)
        axes.tick_params(labelsize=9)
        for side in (axes.xaxis, axes.yaxis):
            side.get_major_locator().set_params(integer=True, nbins=6)
    for axes in panels[len(drawn) :]:
        axes.set_axis_off()
    bar = figure.colorbar(image, ax=panels, fraction=0.05, pad=0.01, aspect=22, extend="max", panchor=False)
    bar.set_label("% of the mass per position", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    legend_below(figure, *panels[0].get_legend_handles_labels())
    return figure


def _length(interval: tuple[int, int]) -> int:
    return interval[1] - interval[0] + 1


def _contours(axes: Any, plane: Map, field: tuple[slice, slice]) -> None:
    """Around the strongest positions of the blurred map that hold the shares of the map's own mass."""
    if not plane.any() or min(plane.shape) < 2:
        return
    blurred = np.zeros_like(plane)
    blurred[field] = blur(plane)[field]  # nothing leaves the theoretical field
    for share, colour in zip(SHARES, (INNER, OUTER), strict=True):
        level = highest_level(blurred, share, of=plane)
        # A whisker lower: a contour at a value that a whole plateau has is not drawn.
        axes.contour(blurred, levels=[level * (1 - 1e-6)], colors=[colour], linewidths=1.3)
        axes.plot([], [], color=colour, linewidth=1.3, label=f"{100 * share:g}% of the mass")


def _box(axes: Any, left: int, top: int, right: int, bottom: int) -> None:
    corners_x = [left - 0.5, right + 0.5, right + 0.5, left - 0.5, left - 0.5]
    corners_y = [top - 0.5, top - 0.5, bottom + 0.5, bottom + 0.5, top - 0.5]
    label = "theoretical field"
    # Over the frame, where the field ends at the border.
    axes.plot(corners_x, corners_y, color=BOX, linewidth=1.8, linestyle="--", clip_on=False, zorder=5, label=label)


def _limits(lo: int, hi: int, length: int) -> tuple[float, float]:
    """The field and a margin, within the input."""
    reach = max(2.0, MARGIN * (hi - lo + 1))
    return max(-0.5, lo - 0.5 - reach), min(length - 0.5, hi + 0.5 + reach)

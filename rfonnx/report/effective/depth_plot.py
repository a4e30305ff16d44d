"""Effective fields along the depth of a model, drawn by matplotlib: sigma and radii of the mass beside the theoretical size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rfonnx.errors import QueryError
from rfonnx.report.drawing import LINE, ROW, SMALL, drawing, legend_below, pale_title, saved, scale_sizes
from rfonnx.report.escape import printable
from rfonnx.report.fitting import middle
from rfonnx.results.effective import Layer

HALF, R95, R50, SIGMA = "#00835f", "#0072b2", "#111111", "#cc3f8c"
NAMED = 48
"""Most layers whose names stand below them."""
NAME = 36
"""Characters of a name that are shown."""


def layers_png(model: str, layers: Sequence[Layer]) -> bytes:
    """The curves as a PNG file."""
    return saved(layers_figure(model, layers), "png")


def layers_svg(model: str, layers: Sequence[Layer]) -> bytes:
    """The curves as an SVG file."""
    return saved(layers_figure(model, layers), "svg")


def layers_figure(model: str, layers: Sequence[Layer]) -> Any:
    """A matplotlib figure: distances from the centre, in positions of the input, by layer; gaps where none was measured.

    Raises:
        QueryError: no layer was measured.
    """
    measured = [layer for layer in layers if not layer.problem]
    if not measured:
        raise QueryError(f"{model}: no layer was measured: there is nothing to draw", "see why with --format text")
    with drawing() as figure_class:
        figure = figure_class(figsize=(9, 5), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(layers))
        drawn: list[float] = []
        for label, values, style in _lines(layers):
            axes.plot(places, values, label=label, linewidth=1.3, markersize=4, **style)
            drawn += values
        scale = scale_sizes(axes, drawn)
        axes.set_ylabel("\n".join(["distance in positions of the input", *([scale] if scale else [])]), fontsize=SMALL)
        tall = _name(axes, layers)
        axes.tick_params(labelsize=SMALL)
        axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
        axes.set_axisbelow(True)
        rows = legend_below(figure, *axes.get_legend_handles_labels())
        lines = pale_title(figure, *_provenance(model, layers, measured))
        figure.set_figheight(3.6 + tall + ROW * rows + LINE * lines)
    return figure


def _lines(layers: Sequence[Layer]) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
    """Label, values and style of each line; along several axes dashes tell the axes apart, where any layer has others."""
    for label, colour, rows in (
        (
            "theoretical field, from its centre to its end",
            HALF,
            [[(size - 1) / 2 for size in layer.field] for layer in layers],
        ),
        ("sigma", SIGMA, [list(layer.sigma) for layer in layers]),
    ):
        count = max(map(len, rows))
        alike = all(len(set(row)) <= 1 for row in rows)
        for axis in range(1 if alike else count):
            words = label if alike else f"{label}, axis {axis + 1} of {count}"
            values = [float(row[axis]) if axis < len(row) else math.nan for row in rows]
            yield words, values, {"color": colour, "linestyle": ("-", "--", ":")[axis % 3], "marker": "o"}
    for number, (label, colour) in enumerate((("50%", R50), ("95%", R95))):
        yield (
            f"radius of {label} of the mass",
            [layer.radius[number] for layer in layers],
            {"color": colour, "marker": "s"},
        )


def _name(axes: Any, layers: Sequence[Layer]) -> float:
    """The layers' names below them, or their numbers where there are many; gives the inches that names take."""
    if len(layers) > NAMED:
        axes.set_xlabel("layers, in the order in which they are computed", fontsize=SMALL)
        axes.xaxis.get_major_locator().set_params(integer=True)
        return 0.0
    names = [middle(printable(layer.tensor), NAME) for layer in layers]
    axes.set_xticks(range(len(layers)), names, rotation=90, fontsize=SMALL)
    return 0.085 * max(map(len, names))


def _provenance(model: str, layers: Sequence[Layer], measured: Sequence[Layer]) -> list[str]:
    first = measured[0]
    fewest, most = min(layer.samples for layer in measured), max(layer.samples for layer in measured)
    count = str(most) if fewest == most else f"{fewest} to {most}"
    told = [f"{printable(model)}: effective fields of {len(measured)} layers"]
    told[0] += f", {len(layers) - len(measured)} more were not measured" if len(measured) < len(layers) else ""
    empty = sum(math.isnan(layer.radius[0]) for layer in measured)
    told[0] += f"; nothing changes {empty} of them" if empty else ""
    return [*told, f"{count} of {printable(first.data)}, {first.how}"]

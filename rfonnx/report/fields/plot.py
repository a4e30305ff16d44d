"""Growth curves drawn by matplotlib: the size of fields along the depth, against the input's length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rfonnx.errors import QueryError
from rfonnx.report.drawing import LINE, ROW, SMALL, drawing, legend_below, legend_of, pale_title, saved, scale_sizes
from rfonnx.report.escape import printable
from rfonnx.report.explanation.growth import cause_words
from rfonnx.report.fields.curves import Curve, Panel, curves, panels
from rfonnx.report.fields.view import View
from rfonnx.report.fields.view_source import Refused, Source
from rfonnx.report.fitting import middle
from rfonnx.results.plain import axes_text, shape_text

CAUSES = {
    "kernel": "#0072b2",
    "pooling": "#e69f00",
    "upsampling": "#009e73",
    "global": "#d55e00",
    "block": "#cc79a7",
    "join": "#56b4e9",
    "other": "#999999",
}
"""Colours that colour-blind people can tell apart (Okabe and Ito 2008)."""

STYLES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (8, 2)), "v"), ((0, (1, 3)), "P"))
"""Line and marker of each curve of a panel."""

WAY, OTHERS, RING, LENGTH = "#444444", "#bbbbbb", "#d55e00", "#00835f"

MOST = 6
"""Panels in a picture."""

NAME = 28
"""Characters to which names are shortened."""


def growth_png(source: Source, view: View) -> bytes:
    """The growth of one model's fields as a PNG file."""
    return saved(growth_figure([source], view), "png")


def growth_svg(source: Source, view: View) -> bytes:
    """The growth of one model's fields as an SVG file."""
    return saved(growth_figure([source], view), "svg")


def growths_png(models: Iterable[Source | Refused], view: View) -> bytes:
    """That of several models in one picture, as a PNG file."""
    return saved(growth_figure(models, view), "png")


def growths_svg(models: Iterable[Source | Refused], view: View) -> bytes:
    """The same as an SVG file."""
    return saved(growth_figure(models, view), "svg")


def growth_figure(models: Iterable[Source | Refused], view: View) -> Any:
    """A matplotlib figure: a panel per axis, a line per model, or per tensor that `view` names; what cannot be read is left out.

    Raises:
        QueryError: as `curves`; or there are more lines in a panel than can be told apart; or no model can be read.
    """
    every = panels([curves(one, view) for one in models if not isinstance(one, Refused)])
    if not every:
        raise QueryError("there is no model to draw", "give one that can be read")
    if any(len(panel.curves) > len(STYLES) for panel in every):
        raise QueryError(
            f"a picture holds at most {len(STYLES)} curves", "draw fewer models, or fewer tensors, at once"
        )
    shown, left_out = every[:MOST], [axis for panel in every[MOST:] for axis in panel.axes]
    with drawing() as figure_class:
        figure = figure_class(figsize=(9, 4), layout="constrained")
        columns = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for axes, panel in zip(columns, shown, strict=True):
            _draw(axes, panel, _labels(shown))
        columns[-1].set_xlabel(_depth(shown[0])[1], fontsize=SMALL)
        names = dict.fromkeys(printable(curve.model) for panel in shown for curve in panel.curves)
        told = [f"growth of the theoretical receptive field of {', '.join(names)}"]
        told += [f"{axes_text(left_out)} left out: --axes chooses"] if left_out else []
        lines = pale_title(figure, *told)
        found = legend_of(columns)
        order = sorted(found, key=lambda label: (" sees " not in label, not label.startswith("length")))
        rows = legend_below(figure, [found[label] for label in order], order)
        figure.set_figheight(0.6 + 2.8 * len(shown) + ROW * rows + LINE * lines)
    return figure


Named = tuple[str, str, str]
"""Model, tensor and input of a curve: what its line is named by in all panels."""


def _labels(shown: Sequence[Panel]) -> dict[Named, str]:
    """As the report says it: "unet.onnx: mask sees 204x204 of x (1x1x224x256)"."""
    sizes: dict[Named, dict[int, int]] = {}
    by_line = {(curve.model, curve.target, curve.input): curve for panel in shown for curve in panel.curves}
    for panel in shown:
        for curve in panel.curves:
            reached = curve.chain[-1].size if curve.chain else 1
            sizes.setdefault((curve.model, curve.target, curve.input), {}).update(dict.fromkeys(panel.axes, reached))
    labels = {}
    for line, by_axis in sizes.items():
        model, target, given = (middle(printable(name), NAME) for name in line)
        curve = by_line[line]
        size = ("" if curve.exact else "at most ") + "x".join(str(by_axis[axis]) for axis in sorted(by_axis))
        labels[line] = f"{model}: {target} sees {size} of {given} ({shape_text(curve.shape)})"
    return labels


def _depth(panel: Panel) -> tuple[list[float], str]:
    """By curve: how far to the right each tensor goes; and what that says. Several models are drawn equally long."""
    if len({curve.model for curve in panel.curves}) == 1:
        return [1.0] * len(panel.curves), "tensors, in the order in which they are computed"
    return [100 / curve.tensors for curve in panel.curves], "depth: tensors before it, in % of those of its model"


def _draw(axes: Any, panel: Panel, labels: dict[Named, str]) -> None:
    for number, curve in enumerate(panel.curves):
        label = labels[curve.model, curve.target, curve.input]
        _curve(axes, curve, STYLES[number], label, _depth(panel)[0][number])
    if len(panel.curves) == 1:  # of several nobody could tell whose they are
        _others(axes, panel.curves[0])
    _size_axis(axes, panel)
    _lengths(axes, panel)
    most = max(curve.tensors * step for curve, step in zip(panel.curves, _depth(panel)[0], strict=True))
    axes.set_xlim(-0.02 * most - 0.5, 1.02 * most - 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)


def _curve(axes: Any, curve: Curve, style: tuple[Any, str], label: str, step: float) -> None:
    line, marker = style
    made = [(step * point.place, point.size) for point in curve.chain]
    end = (step * (curve.tensors - 1), made[-1][1] if made else 1)
    axes.plot(
        *zip(*made, end, strict=True),
        color=WAY,
        linestyle=line,
        linewidth=1.1,
        drawstyle="steps-post",
        zorder=2,
        label=label,
    )
    for cause, colour in CAUSES.items():
        made = [(step * point.place, point.size) for point in curve.chain if point.cause == cause]
        _marks(axes, made, marker, 5.5, colour, f"enlarged by: {cause_words(cause)}")
    whole = [(step * point.place, point.size) for point in (*curve.chain, *curve.others) if point.whole]
    _marks(axes, whole, "o", 11, "none", "operator that takes the whole axis", markeredgecolor=RING)


def _others(axes: Any, curve: Curve) -> None:
    _marks(
        axes, [(point.place, point.size) for point in curve.others], "o", 3, OTHERS, "other tensors, where it changes"
    )


def _marks(
    axes: Any, places: Sequence[tuple[float, int]], marker: str, size: float, colour: str, label: str, **edge: str
) -> None:
    if places:
        style = {"linestyle": "none", "marker": marker, "markersize": size, "markerfacecolor": colour}
        axes.plot(*zip(*places, strict=True), zorder=3, label=label, **{"markeredgecolor": colour, **style, **edge})


def _size_axis(axes: Any, panel: Panel) -> None:
    """The scale, and why it is logarithmic where it is."""
    sizes = [point.size for curve in panel.curves for point in (*curve.chain, *curve.others) if point.size > 0]
    sizes += _input_lengths(panel)
    inputs = {middle(printable(curve.input), NAME) for curve in panel.curves}
    of = inputs.pop() if len(inputs) == 1 else "the inputs"
    gap = " " if len(of) <= 12 else "\n"
    lines = ["field size, borders not clipped,", f"in positions of {axes_text(panel.axes)} of{gap}{of}"]
    if scale := scale_sizes(axes, sizes):
        lines.append(scale)
    axes.set_ylabel("\n".join(lines), fontsize=SMALL)


def _input_lengths(panel: Panel) -> list[int]:
    return sorted({length for curve in panel.curves for axis in panel.axes if (length := curve.shape[axis])})


def _lengths(axes: Any, panel: Panel) -> None:
    """The lengths of the inputs along the panel's axes, a line each, with its number at the left end."""
    lengths = _input_lengths(panel)
    for length in lengths:
        axes.axhline(length, color=LENGTH, linewidth=1.2, linestyle=(0, (6, 2)), label="length of the input", zorder=1)
        above = "bottom" if length == lengths[-1] else "top"
        at = axes.get_yaxis_transform()
        axes.text(0.004, length, str(length), color=LENGTH, fontsize=SMALL, va=above, transform=at)
    if lengths:
        room = 1.6 if axes.get_yscale() == "log" else 1.12  # for the number
        axes.set_ylim(None, max(axes.get_ylim()[1], room * lengths[-1]))

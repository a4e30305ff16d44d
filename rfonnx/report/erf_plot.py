"""Effective fields drawn by matplotlib (the `plot` extra): map, theoretical box, contours of 50 and 95% of the mass."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from rfonnx.effective import ERF
from rfonnx.effective.measures import highest_level, marginal
from rfonnx.errors import RfonnxError
from rfonnx.report.escape import printable

LEVELS = (0.5, 0.95)
MARGIN = 0.08
"""Share of the field that is shown around it."""


def erf_plot(erfs: Sequence[ERF], style: str) -> bytes:
    """A picture as "png" or "svg": one panel per unit.

    Maps of three axes are summed along the first; of one axis, drawn as a curve.

    Raises:
        RfonnxError: matplotlib is not installed.
    """
    figure_class, context = _matplotlib()
    with context:
        figure = figure_class(figsize=(4.4 * len(erfs), 4.4), layout="constrained")
        for axes, erf in zip(np.ravel(figure.subplots(1, len(erfs), squeeze=False)), erfs, strict=True):
            draw(axes, erf)
            position = ",".join(":" if p is None else str(p) for p in erf.position)
            axes.set_title(printable(f"{erf.tensor} [{position}]"), fontsize=9)
        buffer = io.BytesIO()
        # No date and fixed ids: the same field gives the same file.
        figure.savefig(buffer, format=style, dpi=120, metadata={"Date": None} if style == "svg" else None)
    return buffer.getvalue()


def draw(axes: Any, erf: ERF) -> None:
    """Draw one unit into matplotlib axes."""
    if erf.map.ndim == 1:
        _curve(axes, erf)
    else:
        _image(axes, erf)


def _curve(axes: Any, erf: ERF) -> None:
    lo, hi = erf.field[0]
    axes.plot(np.arange(len(erf.map)), erf.map, color="#7a1f5c", linewidth=1)
    axes.axvspan(lo - 0.5, hi + 0.5, color="#888888", alpha=0.2, linewidth=0)
    reach = max(2.0, MARGIN * (hi - lo + 1))
    axes.set_xlim(max(-0.5, lo - reach), min(len(erf.map) - 0.5, hi + reach))
    axes.set_xlabel(f"axis {erf.axes[0]} of {printable(erf.input)}", fontsize=8)


def _image(axes: Any, erf: ERF) -> None:
    rank = erf.map.ndim
    plane = marginal(erf.map, (rank - 2, rank - 1))
    (top, bottom), (left, right) = erf.field[-2:]
    axes.imshow(plane, cmap="magma", vmin=0, vmax=float(np.quantile(plane[plane > 0], 0.995)) if plane.any() else 1)
    _box(axes, left, top, right, bottom)
    if plane.any() and min(plane.shape) > 1:
        levels = sorted({highest_level(plane, share) for share in LEVELS})
        axes.contour(plane, levels=levels, colors=["#56b4e9", "#ffffff"][-len(levels) :], linewidths=0.9)
    reach_x, reach_y = (max(2.0, MARGIN * (hi - lo + 1)) for lo, hi in ((left, right), (top, bottom)))
    axes.set_xlim(max(-0.5, left - reach_x), min(plane.shape[1] - 0.5, right + reach_x))
    axes.set_ylim(min(plane.shape[0] - 0.5, bottom + reach_y), max(-0.5, top - reach_y))
    axes.tick_params(labelsize=7)


def _box(axes: Any, left: int, top: int, right: int, bottom: int) -> None:
    corners_x = [left - 0.5, right + 0.5, right + 0.5, left - 0.5, left - 0.5]
    corners_y = [top - 0.5, top - 0.5, bottom + 0.5, bottom + 0.5, top - 0.5]
    axes.plot(corners_x, corners_y, color="#00b388", linewidth=1.2, linestyle="--")


def _matplotlib() -> tuple[Any, Any]:
    """The figure class, and a context of fixed settings. Without pyplot: no window system is asked for, nothing is kept."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise RfonnxError("pictures need matplotlib, which is not installed", "pip install 'rfonnx[plot]'") from None
    # Names are a stranger's: "$" would start a formula.
    settings: Any = {
        "svg.hashsalt": "rfonnx",
        "svg.fonttype": "path",
        "text.parse_math": False,
        "font.family": "DejaVu Sans",
    }
    return Figure, matplotlib.rc_context(settings)

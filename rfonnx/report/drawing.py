"""What all pictures by matplotlib (the `plot` extra) share: settings, provenance, legends, and how they become files."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rfonnx.errors import RfonnxError
from rfonnx.report.chart.scale import SPAN
from rfonnx.report.fitting import shorten
from rfonnx.report.mark import SIGNATURE

CHARACTERS = 12
"""Small letters that an inch holds."""
PALE = "#555555"
SMALL = 9
"""Points of the small letters."""
ROW, LINE = 0.21, 0.16
"""Inches of a row of a legend, and of a line of the title."""


@contextmanager
def drawing() -> Iterator[Any]:
    """Fixed settings, and matplotlib's figure class. Without pyplot: no window system is asked for, nothing is kept.

    Raises:
        RfonnxError: matplotlib is not installed.
    """
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
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # a matplotlibrc of the current folder, which may be a stranger's, can have LaTeX run
        matplotlib.rcParams.update(settings)
        # A box stands for a letter that the font lacks: names are a stranger's.
        warnings.filterwarnings("ignore", "Glyph .* missing from (current )?font")
        yield Figure


def check_installed() -> None:
    """Look for matplotlib, before the work that it is needed for.

    Raises:
        RfonnxError: it is not installed.
    """
    with drawing():
        pass


def saved(figure: Any, style: str) -> bytes:
    """The figure as "png" or "svg": without a date and with fixed ids, so that the same figure gives the same file."""
    buffer = io.BytesIO()
    with drawing():
        maker = {"Date": None, "Creator": SIGNATURE} if style == "svg" else {"Software": SIGNATURE}
        figure.savefig(buffer, format=style, dpi=120, metadata=maker)
    return buffer.getvalue()


def pale_title(figure: Any, *told: str) -> int:
    """What was drawn, and from what, a line each above all panels: a picture is passed on without its command.

    Returns:
        How many lines it takes.
    """
    width = int(CHARACTERS * figure.get_figwidth())
    lines = [part for line in told for part in textwrap.wrap(shorten(line, width), width)]
    figure.suptitle("\n".join(lines), fontsize=SMALL, color=PALE)
    return len(lines)


def scale_sizes(axes: Any, sizes: Sequence[float]) -> str:
    """Scale the upright axis for what is drawn along it; the words say why it is logarithmic, or are ""."""
    found = [size for size in sizes if size > 0]  # NaN is not
    span = max(found, default=1) / min(found, default=1)
    if span <= SPAN:
        axes.set_ylim(0, None)
        axes.yaxis.get_major_locator().set_params(integer=True)
        return ""
    axes.set_yscale("log", subs=())
    axes.yaxis.get_major_locator().set_params(subs=(1, 2, 5))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylim(min(found) / 1.3, None)
    return f"(log scale: they span 1 : {span:.0f})"


def legend_below(figure: Any, handles: Sequence[Any], labels: Sequence[str]) -> int:
    """Below the panels, in as many columns as fit into the figure; labels that are too long for one are shortened.

    Returns:
        How many rows it has.
    """
    room = int(0.8 * CHARACTERS * figure.get_figwidth()) - 8
    labels = [label if len(label) <= room else shorten(label, room // 3) for label in labels]
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(
            handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=10
        )  # fmt: skip
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return -(-len(handles) // columns)
        legend.remove()
    return 0


def legend_of(panels: Iterable[Any]) -> dict[str, Any]:
    """By label, each once: what stands for it in the first of the panels that has it."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return found

"""Every kind of picture against a golden PNG, and that a real change of one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rfonnx
from report.golden_pictures import MOST, check_picture, missing, panels
from rfonnx.report.effective.depth_plot import layers_figure
from rfonnx.report.effective.plot import erf_figure
from rfonnx.report.explanation.chains import Question, explanation
from rfonnx.report.explanation.footprint import Backdrop
from rfonnx.report.explanation.plot import explain_figure
from rfonnx.report.fields.plot import growth_figure
from rfonnx.report.fields.view import View
from rfonnx.results.effective import ERF, Layer

MODELS = Path(__file__).parents[2] / "models"


def growth(*names: str) -> Any:
    return growth_figure([rfonnx.analyze(MODELS / f"{name}.onnx") for name in names], View(axes=(2,)))


def footprint(name: str, tensor: str, position: tuple[int, ...] | None, backdrop: bool = False) -> Any:
    told = explanation(rfonnx.analyze(MODELS / f"{name}.onnx"), tensor, Question(position=position))
    if backdrop:
        down, across = np.mgrid[:224, :256]
        pixels = np.stack([down, across, 255 - down], -1).astype(np.uint8)
        told = replace(told, backdrop=Backdrop("ramps.png", pixels, "x"))
    return explain_figure(told, every=False)


def made_erf(rank: int) -> ERF:
    """A Gaussian off the middle of its field, in an input of 40 x 48 or 120 positions."""
    lengths, boxes = ((40, 48), ((6, 30), (10, 38))) if rank == 2 else ((120,), ((20, 80),))
    values = np.ones(lengths)
    for axis, (lo, hi) in enumerate(boxes):
        places = np.arange(lengths[axis])
        part = np.exp(-0.5 * ((places - (lo + hi) / 2 - 2) / 5) ** 2) * (lo <= places) * (places <= hi)
        values = values * part.reshape([-1 if a == axis else 1 for a in range(rank)])
    middle = tuple((lo + hi) / 2 for lo, hi in boxes)
    return ERF(
        "net.onnx", "conv3", (0, None, *map(int, middle)), "sum", "x", tuple(range(2, 2 + rank)), values / values.sum(), middle,
        middle, boxes, boxes, 1.0, 0.0, 32, data="32 random samples",
    )  # fmt: skip


LAYERS = [
    Layer(
        f"conv{n}", "Conv", field=(2 * n + 3, 4 * n + 3), sigma=(0.5 * n + 0.6, n + 0.6), radius=(n + 1.0, 2 * n + 2.0)
    )
    for n in range(12)
]

PICTURES: dict[str, Callable[[], Any]] = {
    "growth.png": lambda: growth("inception"),
    "growths.png": lambda: growth("resnet18", "unet", "wavenet"),
    "footprint.png": lambda: footprint("unet", "pool1", (0, 0, 1, 30)),
    "footprint_strip.png": lambda: footprint("wavenet", "logits", (0, 0, 20)),
    "footprint_image.png": lambda: footprint("unet", "mask", (0, 0, 10, 200), backdrop=True),
    "erf.png": lambda: erf_figure([made_erf(2)]),
    "erf_1d.png": lambda: erf_figure([made_erf(1)]),
    "erf_layers.png": lambda: layers_figure("net.onnx", LAYERS),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str) -> None:
    check_picture(name, PICTURES[name]())


def test_a_mark_that_is_elsewhere_fails() -> None:
    """One of seven, moved up by a tenth of the panel; or of another colour."""
    golden, moved, recoloured = growth("inception"), growth("inception"), growth("inception")
    assert missing(panels(golden), panels(golden)) == 0
    for figure in (moved, recoloured):
        (mark,) = [line for line in figure.axes[0].lines if line.get_label() == "enlarged by: pooling"]
        if figure is moved:
            mark.set_ydata(mark.get_ydata() + 12)
        else:
            mark.set_markeredgecolor("#0072b2")
            mark.set_markerfacecolor("#0072b2")
        assert missing(panels(golden), panels(figure)) > 2 * MOST

"""Every kind of picture against a golden PNG, and that a real change of one fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rfonnx
from report.golden_pictures import MOST, check_picture, missing, panels
from rfonnx.report.fields.plot import growth_figure
from rfonnx.report.fields.view import View

MODELS = Path(__file__).parents[2] / "models"


def growth(*names: str) -> Any:
    return growth_figure([rfonnx.analyze(MODELS / f"{name}.onnx") for name in names], View(axes=(2,)))


PICTURES: dict[str, Callable[[], Any]] = {
    "growth.png": lambda: growth("inception"),
    "growths.png": lambda: growth("resnet18", "unet", "wavenet"),
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
        assert missing(panels(golden), panels(figure)) > MOST

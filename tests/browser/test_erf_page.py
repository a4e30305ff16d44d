"""The pages of effective fields: drawn without a script, in both schemes, and names in them do nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

import rfonnx
from report.hostile import HOSTILE
from rfonnx.report.formats import EFFECTIVE, LAYERS
from rfonnx.results.effective import ERF, Layer


@pytest.fixture(scope="module")
def units(models: Path) -> list[ERF]:
    return rfonnx.erf_many(models / "unet.onnx", at=[(60, 60), (112, 200)], n=1)


LAYER = Layer("conv", "Conv", (1, 1, 8, 8), (0, None, 4, 4), (3, 3), (1.0, 1.0), (1.0, 2.0), samples=1)


def written(pieces: object, path: Path) -> Path:
    path.write_text("".join(map(str, pieces)))  # type: ignore[call-overload]
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_maps_are_painted(
    opened: Callable[..., Page], units: list[ERF], tmp_path: Path, scheme: str, width: int
) -> None:
    window = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = opened(written(EFFECTIVE.write("html", units), tmp_path / "e.html"), **window)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for svg in page.locator(".planes svg").all():
        box = svg.bounding_box()
        assert box is not None
        assert box["width"] <= width
        assert box["height"] > 200
    assert page.locator(".planes .mass").first.evaluate("(mass) => getComputedStyle(mass).fill") == {
        "light": "rgb(10, 92, 194)", "dark": "rgb(108, 176, 255)",
    }[scheme]  # fmt: skip
    layers = opened(written(LAYERS.write("html", "m.onnx", [LAYER, LAYER]), tmp_path / "l.html"), **window)
    assert layers.locator("circle").count() == 6
    assert layers.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", HOSTILE)
def test_names_do_nothing(opened: Callable[..., Page], units: list[ERF], tmp_path: Path, name: str) -> None:
    told = [replace(erf, model=name, tensor=name, input=name, data=name, notes=(name,)) for erf in units]
    layer = replace(LAYER, tensor=name, op_type=name)
    broken = Layer(name, name, problem=name)
    for number, pieces in enumerate((EFFECTIVE.write("html", told), LAYERS.write("html", name, [layer, broken]))):
        page = opened(written(pieces, tmp_path / f"{number}.html"))
        assert page.locator("script, b, input").count() == 0
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280

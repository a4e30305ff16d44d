"""The page of an explanation: drawn without a script, in both schemes, and names in it do nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

import rfonnx
from report.hostile import HOSTILE
from rfonnx.report.explanation.chains import Explanation, Question, explanation
from rfonnx.report.formats import EXPLANATION


@pytest.fixture(scope="module")
def told(models: Path) -> Explanation:
    return explanation(rfonnx.analyze(models / "unet.onnx"), "mask", Question(position=(0, 0, 5, 250)))


def written(told: Explanation, path: Path) -> Path:
    path.write_text("".join(map(str, EXPLANATION.write("html", told, False))))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_is_drawn(opened: Callable[..., Page], told: Explanation, tmp_path: Path, scheme: str, width: int) -> None:
    page = opened(written(told, tmp_path / "x.html"), color_scheme=scheme, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    read = page.locator("rect.read").first.bounding_box()
    box = page.locator("rect.theory").first.bounding_box()
    assert read is not None
    assert box is not None
    assert read["x"] <= box["x"] + 1
    assert box["x"] + box["width"] <= read["x"] + read["width"] + 1
    page.locator("rect.step").first.hover()
    assert page.locator("rect.step").count() > 10


@pytest.mark.parametrize("name", HOSTILE)
def test_names_do_nothing(opened: Callable[..., Page], told: Explanation, tmp_path: Path, name: str) -> None:
    chains = tuple(
        replace(chain, input=name, steps=tuple(step._replace(tensor=name, op_type=name) for step in chain.steps))
        for chain in told.chains
    )
    hostile = replace(
        told,
        model=name,
        tensor=told.tensor._replace(name=name, op_type=name),
        chains=chains,
        input_shapes={name: shape for shape in told.input_shapes.values()},  # noqa: B035  there is one
        reads=tuple(replace(region, where=name) for region in told.reads),
        footprints=tuple(replace(one, input=name) for one in told.footprints),
    )
    page = opened(written(hostile, tmp_path / "x.html"))
    assert page.locator("script, b, img, input").count() == 0
    assert page.locator("rect.step").count() == sum(bool(step.added) for chain in chains for step in chain.steps)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280

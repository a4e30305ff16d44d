"""What docs/page.md says is done with pages, done: the answers are those that it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page

from rfonnx.cli.commands import cli

ROOT = Path(__file__).parents[2]
TEXT = " ".join((ROOT / "docs" / "page.md").read_text().split())


@pytest.fixture
def report(opened: Callable[..., Page], tmp_path: Path) -> Callable[[str], Page]:
    def of(name: str) -> Page:
        model, file = ROOT / "models" / f"{name}.onnx", tmp_path / f"{name}.html"
        assert f"rfonnx report models/{name}.onnx -o {name}.html" in TEXT
        assert CliRunner().invoke(cli, ["report", str(model), "-q", "-o", str(file)]).exit_code == 0
        page = opened(file)
        page.wait_for_function("document.documentElement.dataset.ready")
        return page

    return of


def test_an_object_of_180_pixels(report: Callable[[str], Page]) -> None:
    page = report("unet")
    objects = page.locator("section", has=page.get_by_role("heading", name="Is an object seen?"))
    for field in objects.get_by_role("spinbutton").all():
        field.fill("180")
    mask, first = objects.get_by_role("listitem").all_inner_texts()
    assert "the field of a position holds it" in mask
    assert first == "dec1.conv1 is the first layer that has fields that hold it, wherever it lies"
    assert "dec1.conv1 is the first layer that has fields that hold it" in TEXT
    objects.get_by_role("button", name="dec1.conv1").click()
    explorer = page.locator("section", has=page.get_by_role("heading", name="What a position sees"))
    assert "dec1.conv1 at (0, 4, 56, 64) sees rows 18 to 205 and columns 34 to 221" in explorer.inner_text()
    assert "dec1.conv1 at row 56, column 64 sees rows 18 to 205 and columns 34 to 221" in TEXT
    for field in objects.get_by_role("spinbutton").all():
        field.fill("190")
    assert "no position's field holds an object" in objects.get_by_role("listitem").first.inner_text()


def test_what_makes_a_vit_global(report: Callable[[str], Page]) -> None:
    page = report("vit")
    answer = page.locator("section", has=page.get_by_role("heading", name="Global operators")).first
    assert answer.get_by_role("listitem").first.inner_text() == "block0.attn.weights (Softmax) along axes 2, 3"
    assert "`block0.attn.weights (Softmax)` is the first" in TEXT
    growth = page.locator("[data-panel=growth] svg.growth").first
    first = growth.locator("path[data-layer]").first
    assert "block0.attn.weights" in (first.locator("title").text_content() or "")

"""The page of a plan of tiles: pointing at a tile, and arrow keys, show its crop and what is kept of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

import rfonnx
from rfonnx.report.formats import TILES


def said(page: Page) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", page.get_by_role("status").inner_text())]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_tile_that_is_pointed_at_is_told(
    opened: Callable[..., Page], models: Path, tmp_path: Path, scheme: str
) -> None:
    plan = rfonnx.tile(models / "unet.onnx", size=(1024, 1280), tile=(416, 416))
    file = tmp_path / "tiles.html"
    file.write_text("".join(map(str, TILES.write("html", plan.summary()))))
    page = opened(file, color_scheme=scheme)
    drawing = page.locator("svg.tiles")
    place = drawing.bounding_box()
    assert place is not None
    rows, columns = plan.summary().counts
    for tile in plan.tiles:
        (top, bottom), (left, right) = tile.kept["mask"][2:]
        x, y = (left + right) / 2 / 1280 * place["width"], (top + bottom) / 2 / 1024 * place["height"]
        page.mouse.move(place["x"] + x, place["y"] + y)
        (top_run, bottom_run), (left_run, right_run) = tile.crops["x"][2:]
        run = [2, top_run, bottom_run - 1, 3, left_run, right_run - 1]
        assert said(page) == [tile.index, rows * columns, *run, 2, top, bottom - 1, 3, left, right - 1]
    drawing.press("ArrowUp")
    assert said(page)[0] == rows * columns - 1 - columns
    for _ in range(columns + 2):
        drawing.press("ArrowLeft")
    assert said(page)[0] == rows * columns - 2 * columns

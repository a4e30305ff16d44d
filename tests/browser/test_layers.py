"""The table of layers of a page, and the growth curves that it follows."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import rfonnx
from browser.drawn import MODELS, Opened, blocks, page_of, shown


@pytest.fixture
def page(opened: Opened, tmp_path: Path) -> Page:
    return shown(opened, MODELS / "inception.onnx", tmp_path, viewport={"width": 1200, "height": 1400})


def rows(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "[...document.querySelectorAll('tr[data-row]')].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return found


def column(page: Page, name: str) -> list[str]:
    heads = page.locator(".layers-table th").all_text_contents()
    return [row[heads.index(name)] for row in rows(page)]


def head(page: Page, name: str) -> Locator:
    return page.locator(".layers-table").get_by_role("button", name=name, exact=True)


def test_headings_sort_up_down_and_back(page: Page) -> None:
    before = rows(page)
    head(page, "size").click()
    sizes = [int(text.split("x")[-1].split("..")[-1]) for text in column(page, "size")]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    expect(page.get_by_role("columnheader", name="size")).to_have_attribute("aria-sort", "ascending")
    head(page, "size").click()
    assert [int(text.split("x")[-1].split("..")[-1]) for text in column(page, "size")] == sizes[::-1]
    expect(page.get_by_role("columnheader", name="size")).to_have_attribute("aria-sort", "descending")
    head(page, "size").click()
    assert rows(page) == before
    assert page.locator("[aria-sort]").count() == 0
    head(page, "name").click()
    assert column(page, "name") == sorted(column(page, "name"))
    head(page, "shape").click()
    elements = [prod(map(int, text.split("x"))) for text in column(page, "shape")]
    assert elements == sorted(elements)


def test_words_and_the_box_filter(page: Page) -> None:
    analysis = rfonnx.analyze(MODELS / "inception.onnx")
    count = page.locator(".layers-live [role=status]")
    expect(count).to_have_text(f"{len(rows(page))} of {len(analysis.tensors)} rows")
    assert "stem.relu" not in column(page, "name")
    page.get_by_label("only where something changes").uncheck()
    assert column(page, "name") == list(analysis.tensors)
    page.get_by_label("Filter the layers").fill("CONV 3x3")
    assert column(page, "name") == ["a_3x3_reduce", "a_3x3", "b_3x3", "b_3x3b_reduce", "b_3x3b"]
    page.get_by_label("Filter the layers").fill("global pooling")
    assert column(page, "name") == ["avgpool"]
    page.get_by_label("Filter the layers").fill("nothing of the kind")
    assert rows(page) == []
    expect(count).to_have_text("0 of 30 rows")


def test_a_chosen_row_is_followed_and_shown_even_where_nothing_changes(page: Page) -> None:
    page.locator("tr[data-row]").filter(has_text="mix").click()
    assert page.evaluate("rfonnx.model.tensors.name[rfonnx.layer]") == "mix"
    expect(page.locator(".graph-chosen .graph-name")).to_have_text("mix")
    page.evaluate("rfonnx.select(rfonnx.model.tensors.name.indexOf('stem.relu'))")
    expect(page.locator(".layers-chosen td").first).to_have_text("stem.relu")
    page.evaluate("rfonnx.select(0)")
    assert "stem.relu" not in column(page, "name")


def test_keys_choose_a_row(page: Page) -> None:
    page.get_by_role("grid", name="Layers").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("rfonnx.model.tensors.name[rfonnx.layer]") == column(page, "name")[1]
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.evaluate("rfonnx.model.tensors.name[rfonnx.layer]") == "fc"


def test_growth_tells_and_chooses_layers(page: Page) -> None:
    point = page.locator("svg.growth [data-layer='2']").first
    box = point.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 - 2)
    expect(page.locator(".growth-told")).to_have_text("stem_pool (MaxPool): 11, stride 4, 11.4% of the input, local")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.evaluate("rfonnx.layer") == 2
    page.locator("svg.growth").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.evaluate("rfonnx.model.tensors.name[rfonnx.layer]") == "avgpool"
    expect(page.locator("svg.growth .growth-chosen").first).to_be_visible()


def test_the_whole_table_is_there_in_print_and_without_scripts(opened: Opened, tmp_path: Path) -> None:
    file = page_of(MODELS / "inception.onnx", tmp_path)
    still = "[data-panel=layers] .still table"
    page = opened(file)
    page.wait_for_function("document.documentElement.dataset.ready")
    expect(page.locator(still)).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(still)).to_be_visible()
    expect(page.locator(".layers-live")).to_be_hidden()
    plain = opened(file, java_script_enabled=False)
    expect(plain.locator(still)).to_be_visible()
    expect(plain.locator("svg.growth").first).to_be_visible()


def test_a_table_of_many_rows_scrolls_to_the_chosen_one(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, blocks(200), tmp_path)
    page.get_by_label("only where something changes").uncheck()
    page.evaluate("rfonnx.select(700)")
    name = page.evaluate("rfonnx.model.tensors.name[700]")
    expect(page.locator(".layers-chosen td").first).to_have_text(name)
    expect(page.locator(".layers-chosen")).to_have_attribute("aria-rowindex", "702")
    inside = "row => { const a = row.getBoundingClientRect(), b = row.closest('.scroll').getBoundingClientRect();"
    assert page.locator(".layers-chosen").evaluate(inside + " return a.top >= b.top && a.bottom <= b.bottom + 1; }")
    page.get_by_label("Filter the layers").fill("b3_0")
    assert column(page, "name") == ["b3_0"]

"""The graph of a page: what is drawn, how scopes close and open, how it is searched and walked."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import rfonnx
from browser.drawn import MODELS, Opened, blocks, crossed, hostile, shown

COUNTED = """() => {
  const told = document.querySelector(".graph-told").textContent;
  return told.match(/(\\d+) boxes, (\\d+) edges, for (\\d+) operators/).slice(1).map(Number);
}"""

CROSSED = """() => {
  const box = (element) => {
    const [x, y] = [parseFloat(element.style.left), parseFloat(element.style.top)];
    return { left: x + 1, top: y + 1, right: x + 175, bottom: y + 43, name: element.textContent };
  };
  const boxes = [...document.querySelectorAll(".graph-box")].map(box);
  const wires = document.querySelector(".graph-wires");
  const [dx, dy] = [parseFloat(wires.style.left), parseFloat(wires.style.top)];
  const bad = [];
  let points = 0;
  for (const path of document.querySelectorAll(".graph-plain, .graph-turned")) {
    for (let at = 0; at < path.getTotalLength(); at += 3) {
      const { x, y } = path.getPointAtLength(at);
      points += 1;
      const hit = boxes.find((b) => x + dx > b.left && x + dx < b.right && y + dy > b.top && y + dy < b.bottom);
      if (hit) bad.push(hit.name);
    }
  }
  return [points, bad];
}"""


def graph(page: Page) -> Locator:
    return page.locator("[data-panel=graph]")


def button(page: Page, name: str) -> Locator:
    return graph(page).get_by_role("button", name=name)


@pytest.mark.parametrize("name", ["inception", "resnet18", "unet", "vit", "wavenet", "se"])
def test_all_operators_and_edges_are_there_and_no_edge_runs_through_a_box(
    name: str, opened: Opened, tmp_path: Path
) -> None:
    analysis = rfonnx.analyze(MODELS / f"{name}.onnx")
    page = shown(opened, MODELS / f"{name}.onnx", tmp_path, viewport={"width": 1600, "height": 900})
    if button(page, "Open all scopes").count():
        button(page, "Open all scopes").click()
    edges = sum(len(operation.reads) for operation in analysis.operations)
    expected = [len(analysis.operations) + len(analysis.inputs), edges, len(analysis.operations)]
    assert page.evaluate(COUNTED) == expected
    view = graph(page).locator(".graph-view")
    height = view.evaluate("view => view.scrollHeight")
    for top in range(0, height, 900):
        view.evaluate("(view, top) => new Promise(done => { view.scrollTop = top; setTimeout(done, 80); })", top)
        points, bad = page.evaluate(CROSSED)
        assert points > 50
        assert not bad


def test_scopes_close_and_open(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, blocks(30), tmp_path)
    assert page.evaluate(COUNTED) == [121, 150, 150]
    button(page, "Close all scopes").click()
    assert page.evaluate(COUNTED) == [2, 1, 150]
    graph(page).get_by_role("option", name="stage0 150 operators").dblclick()
    assert page.evaluate(COUNTED) == [31, 30, 150]
    graph(page).get_by_role("option", name="block0 5 operators").dblclick()
    assert page.evaluate(COUNTED)[0] == 34
    graph(page).get_by_role("option", name="Relu /stage0/block0/Relu").click()
    page.keyboard.press("Enter")
    assert page.evaluate(COUNTED)[0] == 31
    page.keyboard.press("Enter")
    assert page.evaluate(COUNTED)[0] == 34
    button(page, "Open all scopes").click()
    assert page.evaluate(COUNTED) == [151, 180, 150]
    button(page, "Close the scope block0").click()
    assert page.evaluate(COUNTED)[0] == 147


def test_scopes_that_make_a_circle_are_drawn_with_an_edge_backward(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, crossed(), tmp_path)
    assert page.evaluate(COUNTED) == [5, 4, 4]
    assert not page.locator(".graph-turned").get_attribute("d")
    button(page, "Close all scopes").click()
    assert page.evaluate(COUNTED) == [3, 3, 4]
    assert page.locator(".graph-turned").get_attribute("d")
    assert page.evaluate(CROSSED)[1] == []


def test_the_search_counts_and_jumps_into_closed_scopes(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, blocks(300), tmp_path)
    assert page.evaluate(COUNTED)[0] <= 150
    search = graph(page).get_by_role("searchbox")
    search.fill("block7/ conv")
    expect(graph(page).locator(".graph-find [role=status]")).to_have_text("0 of 6")
    search.press("Enter")
    search.press("Enter")
    chosen = graph(page).locator(".graph-chosen")
    expect(chosen).to_contain_text("Conv")
    expect(chosen).to_be_in_viewport()
    expect(graph(page).locator(".graph-told")).to_contain_text("/stage0/block7/b/Conv")
    assert page.evaluate("rfonnx.model.operations.name[rfonnx.layer]") == "/stage0/block7/b/Conv"
    search.press("Shift+Enter")
    expect(graph(page).locator(".graph-told")).to_contain_text("/stage0/block7/a/Conv")
    search.fill("nothing of the kind")
    expect(graph(page).locator(".graph-find [role=status]")).to_have_text("no match")


def test_arrows_walk_along_edges_and_the_other_panels_follow(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, MODELS / "inception.onnx", tmp_path)
    view = graph(page).get_by_role("listbox")
    view.focus()
    walked = []
    for key in ("Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
        walked.append(graph(page).locator(".graph-chosen .graph-name").text_content())
        assert view.get_attribute("aria-activedescendant") == graph(page).locator(".graph-chosen").get_attribute("id")
    assert walked == ["x", "stem", "stem.relu", "stem_pool", "a_5x5_reduce", "a_3x3_reduce", "stem_pool"]
    expect(page.locator("[data-panel=layers] .layers-chosen td").first).to_have_text("stem_pool")
    page.evaluate("rfonnx.select(rfonnx.model.tensors.name.indexOf('fc'))")
    expect(graph(page).locator(".graph-chosen .graph-name")).to_have_text("fc")
    expect(graph(page).locator(".graph-chosen")).to_be_in_viewport()


def test_what_is_global_is_marked(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, MODELS / "inception.onnx", tmp_path)
    page.evaluate("rfonnx.select(rfonnx.model.tensors.name.indexOf('avgpool'))")
    expect(graph(page).locator(".graph-chosen .graph-mark")).to_have_count(1)
    expect(graph(page).locator(".graph-box:has(.graph-mark)")).to_have_count(1)
    expect(graph(page).locator(".graph-told")).to_contain_text(
        "GlobalAveragePool avgpool, sees 127x159, global; reads mix.relu"
    )


def test_twenty_thousand_operators_are_drawn_in_part(opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, blocks(4000), tmp_path)
    assert page.evaluate(COUNTED)[2] == 20_000
    button(page, "Open all scopes").click()
    assert page.evaluate(COUNTED) == [20_001, 24_000, 20_000]
    page.get_by_label("only where something changes").uncheck()
    for share in (0, 0.5, 1):
        for selector in (".graph-view", ".layers-scroll"):
            page.locator(selector).evaluate(
                "(view, share) => new Promise(done => { view.scrollTop = share * view.scrollHeight; setTimeout(done, 80); })",
                share,
            )
        assert 5 < page.locator(".graph-box").count() < 150
        assert 10 < page.locator("tr[data-row]").count() < 100
    assert page.locator("[data-panel=growth] [data-layer]").count() <= 1500
    expect(page.locator("tr[data-row]").last).to_contain_text("b3999_4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_names_are_text(scheme: str, opened: Opened, tmp_path: Path) -> None:
    page = shown(opened, hostile(), tmp_path, color_scheme=scheme)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.get_by_label("only where something changes").uncheck()
    if button(page, "Open all scopes").count():
        button(page, "Open all scopes").click()
    for layer in range(page.evaluate("rfonnx.model.tensors.name.length")):
        page.evaluate("layer => rfonnx.select(layer)", layer)
        chosen = graph(page).locator(".graph-chosen")
        expect(chosen).to_have_count(1)
        assert chosen.evaluate("box => box.scrollHeight <= box.clientHeight + 1")
    for selector in ("[data-panel] script", "[data-panel] img", "[data-panel] i", "[data-panel] td b", ".graph-name b"):
        assert page.locator(selector).count() == 0
    assert not dialogs

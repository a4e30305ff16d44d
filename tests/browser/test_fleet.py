"""The page of a fleet: sorted by a heading, filtered by words, models side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from rfonnx.report.formats import SCAN
from rfonnx.results.scan import Fleet
from rfonnx.scanning.alone import How
from rfonnx.scanning.fleet import scan
from rfonnx.scanning.listing import listed
from scan.troublemakers import small


def test_a_fleet_is_sorted_filtered_and_compared(opened: Callable[..., Page], tmp_path: Path) -> None:
    for kernel, name in ((3, "b<i>"), (7, "a"), (5, "c")):
        small(tmp_path / f"{name}.onnx", kernel)
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    records = scan(listed([str(tmp_path)]), How(), workers=2)
    file = tmp_path / "fleet.html"
    file.write_text("".join(map(str, SCAN.write("html", Fleet(records)))))
    page = opened(file)
    table = page.get_by_role("table", name="Models")

    def names() -> list[str]:
        return [Path(cell.inner_text()).stem for cell in table.locator("tbody tr td:nth-child(2)").all()]

    assert names() == ["a", "b<i>", "c"]
    field = table.get_by_role("button", name="field")
    field.click()
    assert names() == ["b<i>", "c", "a"]
    field.press("Enter")
    assert names() == ["a", "c", "b<i>"]
    assert table.locator("th[aria-sort=descending]").inner_text() == "field"
    page.get_by_role("searchbox").fill("C.ONNX 5")
    assert names() == ["c"]
    assert page.get_by_role("status").inner_text() == "1 of 3 models"
    page.get_by_role("searchbox").fill("")
    for name in ("a", "c"):
        page.get_by_role("checkbox", name=f"compare {tmp_path}/{name}.onnx").check()
    beside = page.locator(".fleet-beside")
    assert "2 models, where they differ" in beside.inner_text()
    assert [cell.inner_text() for cell in beside.get_by_role("row", name="field").locator("td").all()] == ["7", "5"]
    assert beside.get_by_role("row", name="kind").count() == 0
    assert page.get_by_text("junk.onnx").first.is_visible()

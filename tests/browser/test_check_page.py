"""The page of a check: rows are shown and hidden by outcome and by words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from rfonnx.report.formats import CHECK
from rfonnx.results.findings import CheckResult, CheckRun, Finding, RuleInfo


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_findings_are_filtered(opened: Callable[..., Page], tmp_path: Path, scheme: str) -> None:
    rule = RuleInfo("RF001", "field-minimum", "error", "Is large.", "Is large.\n\nWhy <b>.", {}, True)
    findings = tuple(
        Finding("RF001", "field-minimum", "error", status, f"message {i} <script>", f"conv{i} 'x' <b>")
        for i, status in enumerate(("fail", "pass", "pass"))
    )
    run = CheckRun((CheckResult("<img src=x>.onnx", findings, {"RF001": rule}),))
    file = tmp_path / "check.html"
    file.write_text("".join(map(str, CHECK.write("html", run))))
    page = opened(file, color_scheme=scheme)
    rows = page.locator("tbody tr")
    assert page.get_by_role("status").inner_text() == "3 of 3 findings"
    page.get_by_role("button", name="ok 2").click()
    assert [row.is_visible() for row in rows.all()] == [True, False, False]
    page.get_by_role("button", name="ok 2").press("Enter")
    page.get_by_role("searchbox").fill("conv2 MESSAGE")
    assert [row.is_visible() for row in rows.all()] == [False, False, True]
    assert page.get_by_role("status").inner_text() == "1 of 3 findings"
    page.get_by_role("searchbox").fill("nothing like it")
    assert page.get_by_role("status").inner_text() == "0 of 3 findings"
    assert page.locator("script, img, b").count() == 2  # ours
    page.locator("summary").click()
    assert page.get_by_text("Why <b>.").is_visible()

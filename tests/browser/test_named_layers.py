"""Names of tensors in a page's sentences choose the tensor, and lead to the explorer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from playwright.sync_api import Page, expect

import rfonnx
import small_nets
from rfonnx.report.escape import printable
from rfonnx.report.fields.advice import advice_lines
from rfonnx.report.fields.view import View, pick_axes
from rfonnx.report.formats import FIELDS

ODD = "<b>'\"&\x1b[31m\n two words " + "long/" * 40


def odd() -> bytes:
    """Two layers of strange names, of which the second adds nothing."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], [ODD + "1"], pads=[8] * 4),
        helper.make_node("Conv", [ODD + "1", "w"], [ODD + "2"], pads=[8] * 4),
    ]
    weights = {"w": np.ones((1, 1, 17, 17), "f")}
    made = small_nets.model(nodes, {"x": (1, 1, 9, 9)}, {ODD + "2": (1, 1, 9, 9)}, weights)
    return made.SerializeToString()


@pytest.mark.parametrize("name", ["resnet18", "odd"])
def test_advice_leads_to_its_layers(opened: Callable[..., Page], models: Path, tmp_path: Path, name: str) -> None:
    analysis = rfonnx.analyze(odd() if name == "odd" else models / f"{name}.onnx")
    wanted = [
        printable(part)
        for line in advice_lines(analysis, pick_axes(analysis, "spatial"))
        for part in line
        if part in analysis.tensors
    ]
    assert wanted
    file = tmp_path / "page.html"
    file.write_text("".join(map(str, FIELDS.write("html", analysis, View()))))
    page = opened(file)
    section = page.locator("section.answer").filter(has=page.get_by_role("heading", name="Advice", exact=True))
    links = section.locator("button.name")
    expect(links).to_have_count(len(wanted))
    explorer = page.locator("[data-panel=explorer]")
    for link, tensor in zip(links.all(), wanted, strict=True):
        link.click()
        assert page.evaluate("rfonnx.layer") == [printable(one) for one in analysis.tensors].index(tensor)
        expect(explorer.get_by_role("heading")).to_be_in_viewport()
    assert section.locator("li button").all_inner_texts() == links.all_inner_texts()

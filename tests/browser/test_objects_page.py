"""The page of a report answers for an object of any size, as the analysis does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

import rfonnx
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS
from rfonnx.results.objects import sees


@pytest.mark.parametrize(
    ("name", "scheme"), [("unet", "light"), ("inception", "dark"), ("vit", "light"), ("wavenet", "dark")]
)
def test_a_size_is_answered_for(
    opened: Callable[..., Page], models: Path, tmp_path: Path, name: str, scheme: str
) -> None:
    analysis = rfonnx.analyze(models / f"{name}.onnx")
    file = tmp_path / "page.html"
    file.write_text("".join(map(str, FIELDS.write("html", analysis, View()))))
    page = opened(file, color_scheme=scheme)
    panel = page.locator("[data-panel=objects]")
    fields = panel.get_by_role("spinbutton")
    axes = [axis for _, axis in analysis.windowed]
    layers, [given], [output] = list(analysis.tensors), analysis.inputs, analysis.outputs
    told = set()
    for share in (0.1, 0.3, 0.6, 0.8, 1.0):
        size = [max(1, int(share * ((analysis.input_shapes[given] or ())[axis] or 0))) for axis in axes]
        for field, n in zip(fields.all(), size, strict=True):
            field.fill(str(n))
        lines = panel.get_by_role("listitem").all_inner_texts()
        truth = sees(analysis, output, given, axes, size)
        assert ("the field of a position holds it" in lines[0]) is truth
        assert lines[0].startswith(output)
        first = next((layer for layer in layers if sees(analysis, layer, given, axes, size)), None)
        if first is None:
            assert lines[1] == "no layer is known to have fields that hold it wherever it lies"
        else:
            assert lines[1].startswith(f"{first} is the first layer")
            panel.get_by_role("button", name=first, exact=True).last.click()
            assert page.evaluate("rfonnx.layer") == layers.index(first)
        told.add(truth)
    assert told == {True, False} or name in ("inception", "vit")

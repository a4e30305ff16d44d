"""The page of a verification: bars are as long as the differences, by their logarithm."""

from __future__ import annotations

import re
from math import log10
from pathlib import Path

import pytest

import rfonnx
from report.drawn import all_text, classed, parsed
from report.hostile import HOSTILE
from rfonnx.report.formats import VERIFICATION
from rfonnx.report.page.page import Drawing
from rfonnx.report.tiling.verification_page import DECADES, WIDTH, bar, verification_page
from rfonnx.results.verification import Difference, Opposite, SizeCheck, Verification


@pytest.mark.parametrize(
    ("largest", "allowed", "share"),
    [(1e-5, 1e-5, 0.5), (1e-2, 1e-5, 0.75), (1e-8, 1e-5, 0.25), (1e9, 1e-5, 1.0), (1e-5, 0.0, 1.0)],
)
def test_a_bar_is_as_long_as_the_power_of_ten(largest: float, allowed: float, share: float) -> None:
    [fill] = classed(parsed(bar(Difference(largest, 1.0, 1.0, allowed), fine=True)), "fill")
    assert float(fill.get("width", "")) / (WIDTH - 2) == pytest.approx(share, abs=0.002)
    assert DECADES == (-6, 6)


def test_nothing_has_no_bar() -> None:
    assert not classed(parsed(bar(Difference(0.0, 1.0, 0.0, 1e-5), fine=True)), "fill")


def test_every_run_and_every_opposite_has_a_row(models: Path) -> None:
    found = rfonnx.tile(models / "unet.onnx").verify()
    drawings = [part for part in verification_page(found).sheets[0].parts if isinstance(part, Drawing)]
    rows = [[row for row in parsed(one.markup).iter("tr") if row.find("td") is not None] for one in drawings]
    assert [len(some) for some in rows] == [
        sum(len(size.off) for size in found.sizes if not size.skipped),
        len(found.opposites),
    ]
    for one, row in zip(found.opposites, rows[1], strict=True):
        assert one.off is not None
        assert f"{one.off.share:.2g} of the largest value" in all_text(row)
        [fill] = classed(row, "fill")
        at = (log10(one.off.largest / one.off.allowed) - DECADES[0]) / (DECADES[1] - DECADES[0])
        assert float(fill.get("width", "")) / (WIDTH - 2) == pytest.approx(at, abs=0.002)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name: str) -> None:
    off = Difference(1.0, 1.0, 1.0, 0.1)
    size = SizeCheck({name: (1, 8)}, {name: (1, 4)}, 2, 2, {name: off})
    found = Verification(name, (), (size,), (Opposite("halo", (name, 1), "before", 3, None),), "random")
    text = "".join(map(str, VERIFICATION.write("html", found)))
    assert not re.search(r"<script|<b>|<img|onclick='", text)
    assert text.count('class="alarm"') == 2  # the bar's row and the table's

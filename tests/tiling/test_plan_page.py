"""The page of a plan: what is kept of the tiles covers the drawn axes once, and lies in what is run."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import rfonnx
from rfonnx.report.page.page import Panel
from rfonnx.report.tiling.page import plan_page


@pytest.mark.parametrize(
    ("model", "size", "tile"),
    [
        ("unet.onnx", (640, 1008), (272, 304)),
        ("wavenet.onnx", (5000,), (2100,)),
        ("superres.onnx", (200, 333), (64, 64)),
        ("unet.onnx", (100000, 100000), (512, 512)),
    ],
)
def test_what_is_kept_covers_each_axis_once(
    models: Path, model: str, size: tuple[int, ...], tile: tuple[int, ...]
) -> None:
    plan = rfonnx.tile(models / model, size=size, tile=tile)
    [panel] = [part for part in plan_page(plan.summary()).sheets[0].parts if isinstance(part, Panel)]
    (name, _), *_ = plan.halo
    assert [len(places) for places in panel.data["places"]] == list(plan.summary().counts)
    for places, axis, length in zip(panel.data["places"], panel.data["axes"], size, strict=True):
        assert plan.file_shapes[name][axis] == length
        assert places[0][0] == 0
        assert places[-1][1] == length
        assert all(before[1] == after[0] for before, after in itertools.pairwise(places))
        before, crop = plan.halo[name, axis][0], plan.crop_shapes[name][axis]
        for start, stop, first, end in places:
            assert first <= start < stop <= end == first + crop
            assert first in (0, length - crop) or start - first >= before


def test_no_drawing_without_a_size_or_exact_tiles(models: Path) -> None:
    for model in ("unet.onnx", "vit.onnx"):
        page = plan_page(rfonnx.tile(models / model).summary())
        assert not [part for part in page.sheets[0].parts if isinstance(part, Panel)]

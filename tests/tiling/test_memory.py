"""Tiles for a memory: what is measured stays within it."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import pytest

import rfonnx
from rfonnx.errors import QueryError
from tiling.nets import Net

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")


def test_larger_memories_get_larger_tiles(models: Path) -> None:
    small, large = (rfonnx.tile(models / "unet.onnx", memory=n * 2**20, size=(2048, 2048)) for n in (40, 200))
    for plan, most in ((small, 40), (large, 200)):
        assert plan.memory is not None
        assert plan.memory <= most * 2**20
        assert plan.exact
    assert large.crop_shapes["x"][2] > 1.5 * small.crop_shapes["x"][2]


def test_a_memory_in_which_no_tile_fits(models: Path) -> None:
    with pytest.raises(QueryError, match="the smallest tile takes"):
        rfonnx.tile(models / "unet.onnx", memory=2**20, size=(2048, 2048))


def test_a_model_whose_weights_lie_beside_it(models: Path, tmp_path: Path) -> None:
    onnx.save(onnx.load(models / "unet.onnx"), tmp_path / "unet.onnx", save_as_external_data=True, location="weights")
    plan = rfonnx.tile(tmp_path / "unet.onnx", memory=100 * 2**20, size=(2048, 2048))
    assert plan.model.weight_files
    assert plan.memory is not None
    assert plan.memory <= 100 * 2**20


def test_every_pass_stays_within_the_memory() -> None:
    """All that is large lies before the figures; the last pass is a matrix."""
    net = Net()
    pooled = net.add("GlobalAveragePool", [net.conv(net.conv("x", 32), 32)], 32)
    model = net.model(net.add("Relu", [pooled], 32))
    small, large = (rfonnx.tile(model, {"x": (1, 2, 2048, 2048)}, memory=n * 2**20, stages=True) for n in (20, 100))
    crops = [plan.stages[0].plan.crop_shapes["x"][2] for plan in (small, large)]
    assert 0 < (small.memory or 0) <= 20 * 2**20 < (large.memory or 0) <= 100 * 2**20
    assert 100 < 1.5 * crops[0] < crops[1] < 2048

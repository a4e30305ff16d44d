"""Tiles for a memory: what is measured stays within it."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import pytest

import rfonnx
from rfonnx.errors import QueryError

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

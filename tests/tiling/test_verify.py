"""Plans held against runs: right ones pass, and each kind of wrong one is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import DataError
from rfonnx.model.opened import opened
from rfonnx.tiling.contrast import difference
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.verify import verify
from small_nets import save, segmenter
from truth.nets import Writer

MODELS = Path(__file__).parents[2] / "models"


def conv(w: Writer, kernel: int) -> str:
    return w.op("Conv", "x", w.normal(2, 2, kernel), pads=[kernel // 2] * 2)


def coarse(w: Writer) -> str:
    """Means of two positions, as fine as before: it sees one position beside a part, and has a grid of 2."""
    low = w.op("AveragePool", "x", kernel_shape=[2], strides=[2])
    return w.op("Resize", low, "", w.const([1, 1, 2]), mode="nearest")


def shorter(w: Writer) -> str:
    return w.op("Conv", "x", w.normal(2, 2, 5))


def net(make: Callable[[Writer], str]) -> onnx.ModelProto:
    writer = Writer()
    return writer.finish({"x": (1, 2, "length")}, {"y": make(writer)})


def plan_for_another(made_for: onnx.ModelProto, model: onnx.ModelProto) -> Plan:
    """Tiles of the one, with which the other is run."""
    plan = rfonnx.tile(made_for, {"x": (1, 2, 60)}, [23])
    assert len(plan.tiles) > 2
    assert plan.verify().passed
    return replace(plan, model=opened(model))


@pytest.mark.parametrize("model", ["dilated", "seed", "superres", "unet", "wavenet"])
def test_tiles_are_bit_identical_and_the_halo_is_the_least(model: str) -> None:
    found = rfonnx.tile(MODELS / f"{model}.onnx").verify(threads=1)
    assert found.passed
    assert found.identical
    assert found.least
    assert len(found.sizes) == 3
    assert {one.kind for one in found.opposites} >= {"halo", "crop"}


def test_a_halo_that_is_too_small_is_found() -> None:
    found = verify(plan_for_another(net(lambda w: conv(w, 5)), net(lambda w: conv(w, 7))))
    (size,) = found.sizes
    assert not found.passed
    assert size.leaks
    assert not size.off["y"].passed


def test_tiles_off_the_grid_are_found() -> None:
    found = verify(plan_for_another(net(lambda w: conv(w, 13)), net(coarse)))
    (size,) = found.sizes
    assert not found.passed
    assert not size.leaks  # no halo helps
    assert not size.off["y"].passed


def test_a_halo_that_is_too_large_is_told_and_passes() -> None:
    plan = rfonnx.tile(MODELS / "dilated.onnx")
    axes = tuple(replace(axis, before=axis.before + 1) for axis in plan.axes)
    halos = tuple(replace(axis, halo={pair: (a + 1, b) for pair, (a, b) in axis.halo.items()}) for axis in axes)
    sized = rfonnx.tile(MODELS / "dilated.onnx", {"x": (1, 3, 80, 80)}, (72, 72))
    found = verify(replace(sized, axes=halos), threads=1)
    assert found.passed
    assert not found.least
    assert {(one.kind, one.side) for one in found.opposites if not one.differs} == {
        ("halo", "before"),
        ("crop", "before"),
    }


def test_what_is_not_exact_is_not_verified() -> None:
    found = rfonnx.tile(MODELS / "vit.onnx").verify()
    assert not found.passed
    assert "block0.attn.weights" in found.reasons[0]


def test_not_a_number_differs_from_numbers() -> None:
    nothing, one = np.array([np.nan, 1], np.float32), np.array([0, 1], np.float32)
    assert difference(nothing, nothing, 1.0).largest == 0
    assert not difference(nothing, one, 1.0).passed
    assert difference(nothing, np.array([np.nan, 2], np.float32), 2.0).largest == 1
    neighbour = difference(one, np.nextafter(one, np.float32(2)), 1.0)
    assert neighbour.ulps == 1
    assert neighbour.passed


def test_one_tile_shows_nothing() -> None:
    found = rfonnx.tile(MODELS / "seed.onnx", {"x": (1, 3, 32, 32)}).verify()
    assert not found.passed
    assert "one tile" in found.reasons[0]


def test_tiles_of_another_shape_differ() -> None:
    one = np.zeros((2, 3), np.float32)
    assert not difference(one, one[:, :2], 1.0).passed
    found = verify(plan_for_another(net(lambda w: conv(w, 5)), net(shorter)))
    assert not found.passed


def test_given_inputs_set_the_size_and_must_fit() -> None:
    plan = rfonnx.tile(MODELS / "seed.onnx", tile=(16, 16))
    image = np.random.default_rng(0).standard_normal((1, 3, 40, 30)).astype(np.float32)
    found = plan.verify(image)
    assert found.passed
    assert found.sizes[0].shapes == {"x": (1, 3, 40, 30)}
    assert found.sizes[0].tiles > 4
    with pytest.raises(DataError, match="float64"):
        plan.verify(image.astype(np.float64))


def test_not_a_number_is_the_same_as_itself() -> None:
    plan = rfonnx.tile(MODELS / "dilated.onnx", {"x": (1, 3, 96, 80)}, (72, 80))
    image = np.random.default_rng(0).standard_normal((1, 3, 96, 80)).astype(np.float32)
    image[0, 0, 3, 3] = np.nan
    assert plan.verify(image).identical


def test_a_model_without_windows_is_tiled_too(tmp_path: Path) -> None:
    assert rfonnx.tile(save(segmenter(), tmp_path / "net.onnx")).verify().identical

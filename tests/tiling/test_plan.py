"""Plans of tiles, held to what onnxruntime gives for the whole and for each crop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rfonnx
from rfonnx.errors import QueryError, ShapeError
from rfonnx.tiling.line import Line
from truth.nets import Writer

MODELS = Path(__file__).parents[2] / "models"


def worst(plan: rfonnx.TilePlan) -> float:
    """The largest difference between a tile and the same place of the whole."""
    session = plan.model.session()
    outputs = [output.name for output in session.get_outputs()]
    rng = np.random.default_rng(0)
    feeds = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in plan.input_shapes.items()}
    whole = dict(zip(outputs, session.run(outputs, feeds), strict=True))
    seen = {name: np.zeros(array.shape, bool) for name, array in whole.items()}
    found = 0.0
    for tile in plan.tiles:
        crops = {name: feeds[name][tuple(slice(*r) for r in ranges)] for name, ranges in tile.crops.items()}
        for name, made in zip(outputs, session.run(outputs, crops), strict=True):
            kept, local = (tuple(slice(*r) for r in ranges[name]) for ranges in (tile.kept, tile.local))
            assert not seen[name][kept].any()
            seen[name][kept] = True
            found = max(found, float(np.abs(whole[name][kept] - made[local]).max(initial=0)))
    assert all(array.all() for array in seen.values())
    return found


def test_the_unet_of_the_models_is_bit_identical_in_tiles() -> None:
    plan = rfonnx.tile(MODELS / "unet.onnx", {"x": (1, 1, 480, 512)}, (256, 272))
    assert plan.exact
    assert plan.halo == {("x", 2): (94, 94), ("x", 3): (94, 94)}
    assert plan.grid == {("x", 2): 16, ("x", 3): 16}
    assert len(plan.tiles) == 5 * 4
    assert plan.crop_shapes == {"x": (1, 1, 256, 272)}
    assert worst(plan) == 0


def test_the_super_resolution_net_keeps_more_positions_than_it_reads() -> None:
    plan = rfonnx.tile(MODELS / "superres.onnx", {"low": (1, 1, 100, 90)}, (32, 40))
    assert plan.exact
    assert plan.halo["low", 2] == (5, 5)
    assert worst(plan) < 1e-5


def test_a_causal_net_needs_a_halo_before_alone() -> None:
    plan = rfonnx.tile(MODELS / "wavenet.onnx", {"audio": (1, 1, 9000)}, [3000])
    assert plan.halo == {("audio", 2): (1023, 0)}
    assert worst(plan) < 1e-5


@pytest.mark.parametrize(
    ("model", "at"), [("resnet18", "avgpool"), ("se", "block1.squeeze"), ("vit", "block0.attn.weights")]
)
def test_what_takes_the_whole_image_is_named(model: str, at: str) -> None:
    plan = rfonnx.tile(MODELS / f"{model}.onnx")
    assert not plan.exact
    assert f"'{at}'" in plan.reasons[0]
    assert not plan.tiles


def test_a_length_off_the_grid_is_refused_with_the_next_one_that_fits() -> None:
    with pytest.raises(ShapeError):
        rfonnx.tile(MODELS / "unet.onnx", {"x": (1, 1, 500, 512)})


def test_a_tile_without_room_is_refused() -> None:
    with pytest.raises(QueryError, match="keeps nothing"):
        rfonnx.tile(MODELS / "unet.onnx", {"x": (1, 1, 480, 512)}, (192, 256))


@pytest.mark.parametrize("steps", [20, 21, 33])
@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("short", [0, 2])
def test_tiles_cover_a_line_and_hold_their_halos(steps: int, before: int, after: int, short: int) -> None:
    line = Line(steps, steps - min(short, after), before, after)
    for limit in range(before + after + 1, steps + 3):
        count = line.count(limit)
        crop = line.crop(count)
        assert crop <= limit
        end = 0
        for index in range(count):
            first, last, origin = line.tile(index, count, crop)
            assert first == end < last
            end = last
            assert origin >= 0
            assert origin + crop <= steps
            assert origin in {0} or origin <= first - before
            assert origin + crop in {steps} or origin + crop >= last + after
        assert end == line.kept


def test_a_whole_that_pads_itself_otherwise_than_its_crops_is_not_exact() -> None:
    """To an even length, from one that is odd at every second step of the grid."""
    w = Writer(opset=19)
    small = w.op("Resize", "x", "", w.const([1, 1, 0.75]), mode="cubic", coordinate_transformation_mode="half_pixel")
    length = w.op("Slice", w.op("Shape", small), w.ints(2), w.ints(9))
    pads = w.op("Concat", w.ints(0, 0, 0, 0, 0), w.op("Mod", length, w.ints(2)), axis=0)
    model = w.finish({"x": (1, 2, "length")}, {"y": w.op("Pad", small, pads, mode="edge")})
    for length in (44, 48):
        plan = rfonnx.tile(model, {"x": (1, 2, length)}, [20])
        assert plan.exact == (length % 8 == 20 % 8)


def test_an_input_that_is_passed_on_as_an_output_is_named() -> None:
    w = Writer()
    model = w.finish({"x": (1, 2, "length")}, {"y": w.op("Conv", "x", w.normal(2, 2, 3), pads=[1, 1])})
    model.graph.output.append(model.graph.input[0])
    plan = rfonnx.tile(model, {"x": (1, 2, 64)}, [20])
    assert plan.reasons == ("output 'x' is not computed from an input",)


@pytest.mark.parametrize("model", ["unet", "wavenet", "superres", "seed"])
def test_facts_have_the_same_halo(model: str) -> None:
    analysis = rfonnx.analyze(MODELS / f"{model}.onnx")
    (output,) = analysis.outputs
    halos = {(shift.input, shift.axis): shift.halo for shift in analysis.facts[output].shifts}
    assert halos == rfonnx.tile(MODELS / f"{model}.onnx").halo


@pytest.mark.parametrize("model", ["resnet18", "se", "vit"])
def test_what_takes_everything_has_no_halo(model: str) -> None:
    analysis = rfonnx.analyze(MODELS / f"{model}.onnx")
    assert {shift.halo for shift in analysis.facts[analysis.outputs[0]].shifts} == {None}


@pytest.mark.parametrize(("axis", "exact"), [(1, True), (2, False)])
def test_the_largest_class_of_each_pixel_is_tiled_and_the_largest_pixel_is_not(axis: int, exact: bool) -> None:
    w = Writer()
    scores = w.op("Conv", "x", w.normal(4, 2, 3), pads=[1, 1])
    model = w.finish({"x": (1, 2, "length")}, {"y": w.op("ArgMax", scores, axis=axis)})
    plan = rfonnx.tile(model, {"x": (1, 2, 64)}, [20])
    assert plan.exact == exact
    if exact:
        assert plan.output_dtypes == {"y": "int64"}
        assert plan.verify().identical


def test_frames_that_are_cut_from_a_signal_see_nothing_of_each_other() -> None:
    """Each has borders of its own, at any length of the signal."""
    w = Writer()
    frames = w.swap(w.op("Reshape", "x", w.ints(-1, 32, 2)), 0, 2, 1)
    made = w.op("Conv", frames, w.normal(2, 2, 9), pads=[4, 4])
    plan = rfonnx.tile(w.finish({"x": (1, "length", 2)}, {"y": made}))
    assert plan.exact
    assert plan.halo == {("x", 1): (0, 0)}
    assert plan.grid == {("x", 1): 32}
    verified = plan.verify()
    assert verified.passed
    assert verified.identical
    assert verified.least

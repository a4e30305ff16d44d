"""Shifts that outputs are said to follow, held against onnxruntime: what is shown is moved, and the output must move with it.

Where the output slides, the whole input is noise and positions whose field leaves the input are not compared. Where something is
taken together over the whole input, a small patch of noise lies in the middle of zeros, far from the borders. test_random_nets.py
holds every position that a fact speaks of.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import rfonnx
from rfonnx.results.fields import ShiftFact

SLIDING = ["seed", "dilated", "unet", "superres", "wavenet"]


def runner(model: onnx.ModelProto):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: dict(zip([o.name for o in session.get_outputs()], session.run(None, {name: x}), strict=True))


def facts_of(model: onnx.ModelProto) -> tuple[rfonnx.Analysis, list[tuple[str, ShiftFact]]]:
    a = rfonnx.analyze(model)
    return a, [(output, fact) for output, facts in a.facts.items() for fact in facts.shifts]


def shifted(x: np.ndarray, axis: int, by: int) -> np.ndarray:
    """Moved towards higher positions; what enters is noise of its own."""
    moved = np.roll(x, by, axis)
    fresh = np.random.default_rng(99).normal(size=x.shape).astype(np.float32)
    enters = (slice(None),) * axis + (slice(0, by),)
    moved[enters] = fresh[enters]
    return moved


def inside(a: rfonnx.Analysis, output: str, fact: ShiftFact) -> np.ndarray:
    """Positions along the output's axis whose field lies within the input."""
    lo, hi = a.intervals(output, input=fact.input, axis=fact.axis, clip=False)
    length = a.input_shapes[fact.input][fact.axis]
    return ((lo >= 0) & (hi < length)).all(axis=tuple(i for i in range(lo.ndim) if i != fact.tensor_axis))


def moves_by(y: np.ndarray, z: np.ndarray, axis: int, by: int, compared: np.ndarray) -> bool:
    """True when z is y moved along the axis, at those of the compared positions that stay compared."""
    y, z = np.moveaxis(y, axis, -1), np.moveaxis(z, axis, -1)
    places = np.flatnonzero(compared)
    places = places[np.isin(places + by, places)]
    assert places.size, "nothing is left to compare"
    return bool(np.allclose(z[..., places + by], y[..., places], atol=1e-5 * np.abs(y).max(), rtol=1e-4))


@pytest.mark.parametrize("name", SLIDING)
def test_sliding_outputs_follow_their_period_and_nothing_less(name, models):
    model = onnx.load(models / f"{name}.onnx")
    run = runner(model)
    a, found = facts_of(model)
    shape = a.input_shapes[a.inputs[0]]
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    before = run(x)
    assert {(output, fact.axis) for output, fact in found} == {(o, axis) for o in a.outputs for _, axis in a.windowed}
    for output, fact in found:
        compared = inside(a, output, fact)
        assert fact.tensor_axis == fact.axis
        for by in range(1, fact.period + 1):
            after = run(shifted(x, fact.axis, by))[output]
            near = {by * fact.shift // fact.period, -(-by * fact.shift // fact.period)}
            follows = any(moves_by(before[output], after, fact.tensor_axis, step, compared) for step in near)
            assert follows == (by == fact.period), f"{output} axis {fact.axis}: a shift by {by}"


PERIODS = {
    "seed": (2, 1),
    "dilated": (1, 1),
    "unet": (16, 16),
    "superres": (1, 3),
    "wavenet": (1, 1),
    "inception": (8, 0),
    "se": (2, 0),
}


@pytest.mark.parametrize("name", PERIODS)
def test_periods_are_the_products_of_strides(name, models):
    _, found = facts_of(onnx.load(models / f"{name}.onnx"))
    assert {(fact.period, fact.shift) for _, fact in found} == {PERIODS[name]}


def longer(model: onnx.ModelProto, *lengths: int) -> onnx.ModelProto:
    """The same net for a larger input."""
    for dim, length in zip(model.graph.input[0].type.tensor_type.shape.dim[2:], lengths, strict=True):
        dim.dim_value = length
    return model


def test_3d_nets_have_a_period_per_axis(models):
    _, found = facts_of(longer(onnx.load(models / "conv3d.onnx"), 30, 60, 64))
    assert [(fact.axis, fact.period) for _, fact in found] == [(2, 2), (3, 4), (4, 4)]


CRAMPED = {"resnet18": 864, "conv3d": 30}


@pytest.mark.parametrize("name", CRAMPED)
def test_shifts_for_which_there_is_no_room_are_not_told(name, models):
    """The shift does change the output at this size, and the length that is named is the first at which it is told."""
    model = onnx.load(models / f"{name}.onnx")
    a, found = facts_of(model)
    _, fact = found[0]
    shape = a.input_shapes[fact.input]
    assert (fact.period, fact.least) == (None, CRAMPED[name])
    assert f"it takes an input of {fact.least} positions" in fact.reason
    run, period = runner(model), {"resnet18": 32, "conv3d": 2}[name]
    middle = [n // 2 - 1 for n in shape[2:]]
    before, after = (
        run(patch(shape, (middle[0] + by, *middle[1:]), 5))[a.outputs[0]] for by in (-period // 2, period - period // 2)
    )
    nothing = run(np.zeros(shape, np.float32))[a.outputs[0]]
    assert np.abs(after - before).max() > 1e-2 * np.abs(before - nothing).max()
    others = shape[3:] if name == "resnet18" else (60, 60)
    for length, told in ((fact.least, period), (fact.least - period, None)):
        assert facts_of(longer(model, length, *others))[1][0][1].period == told


def test_a_period_that_holds_nowhere_fails_its_rule(models):
    narrow, wide = (rfonnx.check(models / f"{name}.onnx", ["translation-period=32"]) for name in ("resnet18", "seed"))
    assert not narrow.passed()
    assert all("it takes an input of 864 positions" in finding.message for finding in narrow.findings)
    assert wide.passed()


@pytest.mark.parametrize("name", ["seed", "unet", "superres", "se", "inception"])
def test_periods_survive_the_optimiser_of_onnxruntime(name, models, tmp_path):
    """Fused and blocked operators, as far as this machine's runtime makes them."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    model = onnx.load(models / f"{name}.onnx")
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    optimised = onnx.load(tmp_path / "optimised.onnx")
    assert {node.domain for node in optimised.graph.node} - {"", "ai.onnx"}, "nothing was fused"
    assert facts_of(optimised)[1] == facts_of(model)[1]


def patch(shape: tuple[int, ...], at: tuple[int, ...], size: int) -> np.ndarray:
    """Zeros with noise in a small block whose lowest corner is at `at`, over all channels."""
    x = np.zeros(shape, np.float32)
    noise = np.random.default_rng(3).normal(size=(*shape[:2], *(size for _ in at))).astype(np.float32)
    x[(slice(None), slice(None), *(slice(i, i + size) for i in at))] = 5 * noise
    return x


GLOBAL = {  # a net, and the side of its input: its fields must fit between a patch in the middle and the border
    "se": lambda recipes: recipes.se(),
    "resnet18, large": lambda recipes: recipes.resnet((1, 1), width=2, size=192),
}


@pytest.mark.parametrize("name", GLOBAL)
def test_outputs_without_positions_stay_as_they_are(name, recipes):
    model = GLOBAL[name](recipes)
    run = runner(model)
    a, found = facts_of(model)
    (output,) = a.outputs
    shape = a.input_shapes[a.inputs[0]]
    middle = [n // 2 - 1 for n in shape[2:]]
    before = run(patch(shape, tuple(middle), 2))[output]
    nothing = run(np.zeros(shape, np.float32))[output]
    scale = np.abs(before - nothing).max()
    assert scale > 0
    for _, fact in found:
        assert (fact.tensor_axis, fact.shift) == (None, 0)
        for by in range(1, fact.period + 1):
            at = [m + by * (axis == fact.axis) for axis, m in enumerate(middle, 2)]
            after = run(patch(shape, tuple(at), 2))[output]
            close = np.abs(after - before).max() < 1e-3 * scale
            assert close == (by == fact.period), f"axis {fact.axis}: a shift by {by}"


def test_tensors_without_elements_follow_nothing():
    node = helper.make_node("Reshape", ["x", "shape"], ["y"], allowzero=1)
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 0, 3]), ("y", [0, 3]))]
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [0, 3])
    graph = helper.make_graph([node], "empty", ends[:1], ends[1:], [shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert [fact.period for fact in rfonnx.analyze(model).facts["y"].shifts] == [None]


def test_operands_that_do_not_fit_prove_nothing():
    """A slope of two columns for an image of three: nobody looks at it in so old an opset."""
    model = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["" : 6]> m (float[2,2,3,3] x) => (float[2,2,3,3] y)
        <float[1,1,2] slope = {1, 2}>
        { a = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x) y = PRelu(a, slope) }""")
    (columns,) = (fact for fact in rfonnx.analyze(model).facts["y"].shifts if fact.axis == 3)
    assert (columns.period, columns.reason) == (None, "PRelu does not have the inputs that it should have")


@pytest.mark.parametrize("length", [9, 40])
def test_a_resize_follows_by_its_period_and_not_by_the_reads_of_a_short_table(length):
    """By 0.9, nine outputs read ten inputs: tables that are shorter than that seem to go on one by one, with other weights."""
    text = f"""<ir_version: 8, opset_import: ["" : 17]> m (float[1,1,1,{length}] x) => (y, z)
        <float[4] s = {{1, 1, 1, 0.9}}, float[1,1,1,3] w = {{1, 2, 3}}> {{ y = Resize<mode = "cubic">(x, , s) z = Conv(x, w) }}"""
    model = onnx.parser.parse_model(text)
    fact = next(fact for fact in rfonnx.analyze(model).facts["y"].shifts if fact.axis == 3)
    run = runner(model)
    x = np.random.default_rng(0).normal(size=(1, 1, 1, length)).astype(np.float32)
    assert not np.allclose(run(shifted(x, 3, 1))["y"][..., 3:-2], run(x)["y"][..., 2:-3], atol=1e-3)
    assert fact.period in (None, 10)

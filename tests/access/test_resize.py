"""Resize in all modes, Upsample, and other samplers of grids, against the operators themselves."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from access import resizing
from access.brute import mask, program_reads
from access.probe import graph_of, measured, one_node, probe, probe_model, runner, values
from rfonnx.analysis.lower import lower
from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.model.reading.load import load
from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.primitives import Select
from rfonnx.operators.access.sampling import taps
from rfonnx.operators.spelling import canonicalize

TRANSFORMATIONS = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric"]
LENGTHS = [(4, 8), (3, 9), (6, 3), (7, 13), (13, 7), (8, 16), (5, 1), (1, 3), (8, 3), (3, 8), (4, 4)]


def floats(*given):
    return np.array(given, np.float32)


def ints(*given):
    return np.array(given, np.int64)


def resized(shape, opset=19, roi=(), sizes=(), scales=(), names=("x", "roi", "scales", "sizes"), **attrs):
    """The Resize's tensor in the program, what it claims to read, and what onnxruntime depends on."""
    steering = {"roi": floats(*roi), "scales": floats(*scales), "sizes": ints(*sizes)}
    given = {name: value for name, value in steering.items() if name in names}
    constants = [name for name, value in given.items() if value.size or opset < 13]
    inputs = {"x": values(*shape), **{name: given[name] for name in constants}}
    order = [name if name in inputs else "" for name in names]
    model = one_node("Resize", inputs, constants, opset=opset, order=order, **attrs)
    feeds = {"x": inputs["x"]}
    run = runner(model)
    assert "session" in run.__code__.co_freevars, "onnxruntime is the reference here"
    results = run(feeds)
    program = lower(graph_of(model, feeds, results))
    truth = measured(run, feeds, ["x"], deltas=(100.0,), trials=1)["x"][0]
    read = mask(program_reads(program)["y0"].get("x"), results[0].shape, feeds["x"].shape)
    return program.tensors[0], read, truth


def check(shape, **attrs):
    """Sound always, tight where exact, and repeating beyond the border as claimed."""
    tensor, read, truth = resized(shape, **attrs)
    assert not (truth & ~read).any(), (shape, attrs)
    if tensor.exact:
        assert not (read & ~truth).any(), (shape, attrs)
    for _, steps in tensor.paths:
        for step in steps:
            assert isinstance(step, Select)
            if step.period:
                for free in (step.free_first, step.free_last):
                    assert (free[step.period :] == free[: len(free) - step.period] + step.shift).all()
    return tensor


@pytest.mark.parametrize("transformation", [*TRANSFORMATIONS, "tf_half_pixel_for_nn"])
@pytest.mark.parametrize("nearest_mode", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_nearest(transformation, nearest_mode):
    opset = 11 if transformation == "tf_half_pixel_for_nn" else 19
    exact = [
        check(
            (1, 1, n, 2),
            sizes=(1, 1, m, 2),
            mode="nearest",
            coordinate_transformation_mode=transformation,
            nearest_mode=nearest_mode,
            opset=opset,
        ).exact
        for n, m in LENGTHS
    ]
    assert sum(exact) >= len(exact) - 2


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_interpolated(transformation, mode):
    exact = [
        check((1, 1, n, 2), sizes=(1, 1, m, 2), mode=mode, coordinate_transformation_mode=transformation).exact
        for n, m in LENGTHS
    ]
    assert sum(exact) >= len(exact) - 2


def test_random_resizes():
    """All modes, layouts, opsets, crops, and scales that no float32 holds."""
    results = [resizing.check(resizing.draw(np.random.default_rng(seed))) for seed in range(1500)]
    assert not [(seed, r) for seed, r in enumerate(results) if r not in ("exact", "at most", "refused", "empty")]
    assert results.count("exact") > 4 * results.count("at most") > 0


@pytest.mark.parametrize(
    ("n", "scale", "length"),
    [(10, 0.7, 7), (5, 1.4, 7), (10, 0.9, 9), (10, 1.3, 13), (10, 2.3, 23), (20, 0.35, 7), (20, 0.95, 19)],
)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_lengths_are_products_in_float32(n, scale, length, mode):
    """A mean behind it reads the last row, too."""
    nodes = [
        helper.make_node("Resize", ["x", "", "s"], ["r"], mode=mode),
        helper.make_node("ReduceMean", ["r", "a"], ["y"]),
    ]
    infos = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, n, 1])]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "ry"]
    constants = [numpy_helper.from_array(floats(1, 1, scale, 1), "s"), numpy_helper.from_array(ints(2), "a")]
    graph = helper.make_graph(nodes, "resized", infos, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    assert load(model).shapes["r"] == (1, 1, length, 1)
    probe_model(model, {"x": values(1, 1, n, 1)}, exact=None, trials=1)


@pytest.mark.parametrize(
    ("n", "m", "transformation", "period", "shift"),
    [
        (4, 8, "half_pixel", 2, 1),
        (8, 16, "align_corners", 15, 7),
        (6, 9, "half_pixel", 3, 2),
        (6, 3, "half_pixel", 1, 2),
        (5, 1, "pytorch_half_pixel", 1, 0),
    ],
)
def test_taps_repeat(n, m, transformation, period, shift):
    tensor = check((1, 1, n, 2), sizes=(1, 1, m, 2), mode="linear", coordinate_transformation_mode=transformation)
    ((_, (step,)),) = tensor.paths
    assert tensor.exact
    assert (step.period, step.shift) == (period, shift)


def test_nearest_x2():
    ((_, (step,)),) = check((1, 1, 3, 2), scales=(1, 1, 2, 1), mode="nearest").paths
    assert step.first.tolist() == step.last.tolist() == step.free_first.tolist() == [0, 0, 1, 1, 2, 2]


def test_linear_x2_goes_beyond_the_border_when_unbounded():
    ((_, (step,)),) = check((1, 1, 3, 2), scales=(1, 1, 2, 1), mode="linear").paths
    assert step.first.tolist() == [0, 0, 0, 1, 1, 2]
    assert step.free_first.tolist() == [-1, 0, 0, 1, 1, 2]
    assert step.free_last.tolist() == [0, 1, 1, 2, 2, 3]


def test_align_corners_hits_its_corners():
    tensor = check((1, 1, 3, 2), sizes=(1, 1, 5, 2), mode="linear", coordinate_transformation_mode="align_corners")
    ((_, (step,)),) = tensor.paths
    assert step.first.tolist() == [0, 0, 1, 1, 2]
    assert step.last.tolist() == [0, 1, 1, 2, 2]


def test_pytorch_half_pixel_to_length_1_reads_only_the_first():
    tensor = check((1, 1, 5, 2), sizes=(1, 1, 1, 2), mode="linear", coordinate_transformation_mode="pytorch_half_pixel")
    ((_, (step,)),) = tensor.paths
    assert (step.first.tolist(), step.last.tolist()) == ([0], [0])


def test_rounding_in_doubt_is_counted_and_said():
    """The middle of 13 to 7 falls on a position exactly; in float32 it does not."""
    tensor = check((1, 1, 13, 2), sizes=(1, 1, 7, 2), mode="linear")
    assert not tensor.exact
    assert "rounding" in tensor.note


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_axes_and_aspect_ratio(policy):
    inputs = {"x": values(1, 1, 4, 6), "sizes": ints(7, 5)}
    order = ["x", "", "", "sizes"]
    attrs = {"axes": [-1, 2], "keep_aspect_ratio_policy": policy, "mode": "nearest"}
    probe("Resize", inputs, constants=["sizes"], order=order, opset=19, trials=1, **{**attrs, "axes": [3, 2]})


def test_negative_axes():
    node = Node("Resize", "", "", ("x", "", "s"), ("y",), {"axes": [-1, 1]}, 19)
    graph = Graph("", ("x",), ("y",), [node], {"x": (2, 3, 4)}, {}, {"s"}, {"s": floats(2, 3)}.get)
    assert canonicalize(node, graph).attrs["scales"] == [1.0, 3.0, 2.0]


def test_three_resized_axes():
    inputs = {"x": values(1, 1, 2, 3, 2), "scales": floats(1, 1, 2, 1.5, 2)}
    probe("Resize", inputs, constants=["scales"], order=["x", "", "scales"], mode="linear", trials=1, deltas=(100.0,))


@pytest.mark.parametrize("scale", [2.0, 1.5, 0.5, 0.7])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_resize_of_opset_10(scale, mode):
    check((1, 1, 7, 2), opset=10, scales=(1, 1, scale, 1), names=("x", "scales"), mode=mode)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(mode):
    inputs = {"x": values(1, 1, 3, 2)}
    probe("Upsample", inputs, opset=7, scales=[1.0, 1.0, 2.0, 1.5], mode=mode, trials=1, deltas=(100.0,))
    inputs["scales"] = floats(1, 1, 2, 1.5)
    probe("Upsample", inputs, constants=["scales"], opset=9, mode=mode, trials=1, deltas=(100.0,))


def test_upsample_of_opset_1():
    node = Node("Upsample", "", "", ("x",), ("y",), {"height_scale": 2.0, "width_scale": 3.0}, 1)
    graph = Graph("", ("x",), ("y",), [node], {"x": (1, 1, 2, 2)}, {}, set(), {}.get)
    canonical = canonicalize(node, graph)
    assert canonical.op_type == "Resize"
    assert canonical.attrs["scales"] == [1.0, 1.0, 2.0, 3.0]


def test_sizes_computed_at_run_time_follow_from_the_shapes():
    inputs = {"x": values(1, 1, 3, 2), "sizes": ints(1, 1, 6, 2)}
    program = probe("Resize", inputs, order=["x", "", "", "sizes"], vary=["x"], exact=False, mode="linear", trials=1)
    step = program.tensors[0].paths[0][1][0]
    assert step.last.tolist() == [0, 1, 1, 2, 2, 2]


def test_scales_computed_at_run_time_read_everything():
    inputs = {"x": values(1, 1, 3, 2), "scales": floats(1, 1, 2, 1)}
    probe("Resize", inputs, order=["x", "", "scales"], vary=["x"], exact=False, mode="linear", trials=1)


def test_scales_that_do_not_fit_are_refused():
    node = Node("Resize", "", "up", ("x", "", "s"), ("y",), {}, 19)
    graph = Graph("", ("x",), ("y",), [node], {"x": (2, 3, 4)}, {}, {"s"}, {"s": floats(2, 3)}.get)
    with pytest.raises(ModelError, match=r"'up' .* one value per resized axis, but 2 came for all axes .* 3 axes"):
        canonicalize(node, graph)


def test_numbers_beyond_any_axis_give_no_taps():
    base = {
        "copied": False,
        "extrapolated": False,
        "roi": (0.0, 1.0),
        "mode": "linear",
        "nearest_mode": "floor",
        "cubic_coeff_a": -0.75,
    }
    tiny = Resized(axis=0, length=10, out_length=20, scale=1e-30, transformation="half_pixel", antialias=False, **base)
    assert taps(tiny) is None
    crop = {**base, "roi": (0.1234567, 3e38)}
    assert taps(Resized(0, 10, 20, 2.0, transformation="tf_crop_and_resize", antialias=False, **crop)) is None


@pytest.mark.parametrize(("shape", "target"), [((5, 4), (3, 7)), ((4, 5), (7, 2)), ((3, 3), (3, 6))])
def test_center_crop_pad(shape, target):
    probe("CenterCropPad", {"x": values(*shape), "s": ints(*target)}, constants=["s"], opset=18, trials=1)
    inputs = {"x": values(2, *shape), "s": ints(*target[::-1])}
    probe("CenterCropPad", inputs, constants=["s"], opset=18, trials=1, axes=[-1, 1])


def test_grid_sample():
    inputs = {"x": values(1, 2, 3, 3), "grid": np.tanh(values(1, 2, 2, 2, seed=1))}
    probe("GridSample", inputs, exact=False, trials=2)
    probe("GridSample", inputs, constants=["x"], trials=3, deltas=(0.3, -0.3))


@pytest.mark.parametrize("mode", ["linear", "nearest", "cubic"])
@pytest.mark.parametrize("padding", ["zeros", "border"])
@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("batch", [1, 2])
def test_grid_sample_on_a_known_grid(mode, padding, align, batch):
    inputs = {"x": values(batch, 2, 3, 4), "grid": 0.8 * values(batch, 2, 3, 2, seed=1)}
    attrs = {"mode": mode, "padding_mode": padding, "align_corners": align}
    exact = padding == "zeros" or mode == "nearest"  # clipped coordinates fall on pixels: rounding is in doubt
    probe("GridSample", inputs, constants=["grid"], opset=20, trials=1, deltas=(100.0,), exact=exact, **attrs)


def test_reflected_samples_may_be_anywhere():
    inputs = {"x": values(1, 1, 3, 3), "grid": values(1, 2, 2, 2, seed=1)}
    probe("GridSample", inputs, constants=["grid"], padding_mode="reflection", exact=False, trials=1)


@pytest.mark.parametrize("size", [(2, 1, 2, 4), (1, 1, 2, 2, 4)])
def test_affine_grid(size):
    rank = len(size) - 2
    inputs = {"theta": values(size[0], rank, rank + 1), "size": ints(*size)}
    probe("AffineGrid", inputs, constants=["size"], opset=20, trials=1, deltas=(100.0,))


def test_the_middle_of_an_affine_grid_is_counted():
    inputs = {"theta": values(1, 2, 3), "size": ints(1, 1, 3, 2)}
    probe("AffineGrid", inputs, constants=["size"], opset=20, trials=1, exact=False)

"""Resize in all modes, Upsample, and other samplers of grids, against the operators themselves."""

import numpy as np
import pytest

from access.brute import mask, program_reads
from access.probe import graph_of, measured, one_node, runner, values
from rfonnx.access.lower import lower
from rfonnx.access.primitives import Select

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

"""Reduction rules against the operators."""

import numpy as np
import pytest

from access.probe import probe, values
from rfonnx.operators.access.primitives import Reduce

LOGARITHMS = ["ReduceLogSum", "ReduceLogSumExp"]
REDUCTIONS = [
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
]


@pytest.mark.parametrize("op_type", REDUCTIONS + LOGARITHMS)
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reductions_with_axes_as_an_input(op_type, keepdims):
    x = np.abs(values(2, 3, 2)) + np.float32(0.5)
    inputs = {"x": x, "axes": np.array([-1, 0], np.int64)}
    trials = 1 if op_type in LOGARITHMS else 12
    probe(op_type, inputs, constants=["axes"], opset=18, keepdims=keepdims, deltas=(0.25, 4, -0.4), trials=trials)


@pytest.mark.parametrize("opset", [9, 11, 13])
def test_reductions_with_axes_as_an_attribute(opset):
    program = probe("ReduceMean", {"x": values(2, 3, 2)}, opset=opset, axes=[1] if opset < 11 else [-2])
    assert program.tensors[0].paths == ((0, (Reduce((1,)),)),)


def test_reduce_all_by_default():
    probe("ReduceSum", {"x": values(2, 3)}, keepdims=0, opset=13)
    probe("ReduceMax", {"x": values(2, 3)}, opset=11, trials=6)


@pytest.mark.parametrize("axes", [None, []])
def test_empty_axes_are_none_when_the_model_says_so(axes):
    inputs = {"x": values(2, 3)} | ({} if axes is None else {"axes": np.array(axes, np.int64)})
    probe("ReduceSum", inputs, constants=["axes"] if axes is not None else [], opset=18, noop_with_empty_axes=1)


@pytest.mark.parametrize(
    ("shape", "axes", "keepdims", "exact"),
    [
        ((2, 3), [1], 1, True),
        ((2, 3, 4), [0, -1], 1, True),
        ((2, 3, 4), [1], 0, True),
        ((2, 1, 3), [0, 1], 0, True),
        ((2, 2, 1), [0], 0, False),
        ((2, 2), [0], 0, False),
    ],
)
def test_computed_axes_show_in_the_shape(shape, axes, keepdims, exact):
    inputs = {"x": values(*shape), "axes": np.array(axes, np.int64)}
    probe("ReduceSum", inputs, opset=18, keepdims=keepdims, exact=exact)


@pytest.mark.parametrize("op_type", ["ReduceSum", "ReduceMax"])
def test_computed_axes_are_read_where_several_fit(op_type):
    inputs = {"x": values(2, 2, 2), "axes": np.array([1], np.int64)}
    probe(op_type, inputs, opset=18, keepdims=0, vary=["axes"], deltas=(1, -1), trials=1, exact=False)


def test_too_many_possible_axes_read_everything():
    inputs = {"x": values(*[2] * 5), "axes": np.array([1, 2], np.int64)}
    program = probe("ReduceSum", inputs, opset=18, keepdims=0, exact=False, trials=1, deltas=(1,))
    assert "axes are computed" in program.tensors[0].note


@pytest.mark.parametrize("op_type", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("attrs", [{}, {"axis": -1, "keepdims": 0}])
def test_arg_reductions(op_type, attrs):
    probe(op_type, {"x": values(2, 3)}, trials=6, **attrs)

"""Operators that write at positions or make them, against the operators themselves."""

import numpy as np
import pytest

from access.probe import probe, values
from rfonnx.operators.access.op import registered


def table(*given):
    return np.array(given, np.int64)


def scatter(op, shape, index, updates, exact=True, **attrs):
    inputs = {"x": values(*shape), "i": np.array(index, np.int64), "u": values(*updates, seed=1)}
    opset = 18 if "reduction" in attrs else 16
    return probe(op, inputs, constants=["i"], trials=1, exact=exact, opset=opset, **attrs)


SCATTER_ELEMENTS = {
    "box": ((3, 4), [[2, 2], [0, 0]], 0),
    "last axis": ((2, 4), [[-1, 1], [3, 1]], 1),
    "each its own": ((3, 2), [[0, 1], [2, 0]], 0),
    "whole": ((2, 2), [[1, 1], [0, 0]], 0),
}


@pytest.mark.parametrize("case", SCATTER_ELEMENTS)
@pytest.mark.parametrize("reduction", ["none", "add"])
def test_scatter_elements(case, reduction):
    shape, index, axis = SCATTER_ELEMENTS[case]
    scatter("ScatterElements", shape, index, np.shape(index), axis=axis, reduction=reduction)


def test_scatter_of_old_opset():
    inputs = {"x": values(2, 3), "i": table([0, 2], [1, 0]), "u": values(2, 2, seed=1)}
    probe("Scatter", inputs, constants=["i"], trials=1, opset=9, axis=1)


def test_one_position_written_twice():
    scatter("ScatterElements", (3,), [1, 1], (2,), exact=False)
    scatter("ScatterElements", (3,), [1, 1], (2,), reduction="add")
    scatter("ScatterElements", (3,), [1, 0, 1], (3,), exact=False, reduction="add")


def test_scatter_elements_by_data():
    inputs = {"x": values(2, 3), "i": table([0, 1]), "u": values(1, 2, seed=1)}
    probe("ScatterElements", inputs, vary=["x", "u"], trials=1, exact=False, axis=0)


SCATTER_ND = {
    "rows": ((3, 2), [[2], [0]], (2, 2)),
    "slice of columns": ((2, 4), [[[0, 1], [0, 2]], [[1, 1], [1, 2]]], (2, 2)),
    "scattered": ((3, 3), [[0, 1], [2, 2], [-1, 0]], (3,)),
    "scattered rows": ((2, 2, 2), [[0, 1], [1, 0]], (2, 2)),
    "whole": ((2, 2), [[0], [1]], (2, 2)),
}


@pytest.mark.parametrize("case", SCATTER_ND)
@pytest.mark.parametrize("reduction", ["none", "add"])
def test_scatter_nd(case, reduction):
    shape, index, updates = SCATTER_ND[case]
    scatter("ScatterND", shape, index, updates, reduction=reduction)


def test_scatter_nd_by_data():
    inputs = {"x": values(3, 2), "i": table([2], [0]), "u": values(2, 2, seed=1)}
    probe("ScatterND", inputs, vary=["x", "u"], trials=1, exact=False)


def test_a_slice_assignment_keeps_axes_apart():
    program = scatter("ScatterND", (2, 4), [[[0, 1], [0, 2]], [[1, 1], [1, 2]]], (2, 2))
    (data, updates) = program.tensors[0].paths
    assert [step.axis for step in data[1]] == [1]
    assert len(updates[1]) == 2


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("starts", [None, (1, 1), (2, 2), (0, 2)])
def test_tensor_scatter(mode, starts):
    inputs = {"x": values(2, 1, 4, 1), "u": values(2, 1, 2, 1, seed=1)}
    if starts:
        inputs["s"] = table(*starts)
    constants = ["s"] if starts else []
    probe("TensorScatter", inputs, constants=constants, trials=1, opset=24, mode=mode)


def test_tensor_scatter_by_data():
    inputs = {"x": values(2, 1, 4, 1), "u": values(2, 1, 2, 1, seed=1), "s": table(0, 2)}
    probe("TensorScatter", inputs, vary=["x", "u"], trials=1, opset=24, exact=False)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(axis):
    inputs = {
        "i": np.array([0.0, 2.0, 1.0], np.float32),
        "d": np.array(3, np.int64),
        "v": np.array([0.0, 1.0], np.float32),
    }
    if axis == 1:
        axis = -2
    probe("OneHot", inputs, constants=["d", "v"], trials=1, deltas=(1.0, -1.0, 2.0, -2.0), axis=axis)


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("k", [None, -1, 0, 2, 5, -5])
def test_trilu(upper, k):
    inputs = {"x": values(2, 3, 4)}
    if k is not None:
        inputs["k"] = np.array(k, np.int64)
    probe("Trilu", inputs, constants=[] if k is None else ["k"], upper=upper, trials=1)


def test_trilu_with_a_computed_diagonal():
    probe("Trilu", {"x": values(2, 2), "k": np.array(0, np.int64)}, vary=["x"], trials=1, exact=False)


def test_eye_like_reads_nothing():
    probe("EyeLike", {"x": values(2, 3)})


@pytest.mark.parametrize("largest", [0, 1])
def test_top_k(largest):
    inputs = {"x": values(2, 4), "k": table(2)}
    probe("TopK", inputs, constants=["k"], outputs=2, largest=largest, deltas=(0.75, -3.0, 40.0, -40.0))


def test_steering_values_computed_at_run_time():
    index = np.array([0.0, 2.0], np.float32)
    steering = {"d": np.array(3, np.int64), "v": np.array([0.0, 1.0], np.float32)}
    probe("OneHot", {"i": index, **steering}, vary=["i", "v"], trials=1, deltas=(1.0,), exact=False)
    probe("TopK", {"x": values(2, 4), "k": table(2)}, vary=["x"], outputs=2, trials=1, exact=False)


def test_positions_that_are_data_are_declared():
    assert {registered()[kind] for kind in ("NonZero", "Unique", "NonMaxSuppression")} == {"everything"}

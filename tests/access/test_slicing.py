"""Slice, Split, Concat, Gather and their kin, against the operators themselves."""

import itertools

import numpy as np
import pytest

from access.probe import graph_of, one_node, probe, values
from rfonnx.analysis.lower import lower
from rfonnx.operators.access.primitives import Select, Window
from rfonnx.operators.slicing import slice_bounds


def ints(*given):
    return np.array(given, np.int64)


def only_step(program):
    ((_, steps),) = program.tensors[0].paths
    (step,) = steps
    return step


SLICES = [(1, 5, 1), (0, 7, 2), (-3, 2**62, 1), (5, 0, -1), (2**62, -(2**62), -2), (6, 1, -3), (2, 2, 1), (3, -1, 2)]


@pytest.mark.parametrize(("start", "end", "step"), SLICES)
def test_slice(start, end, step):
    inputs = {"x": values(2, 7), "s": ints(start), "e": ints(end), "a": ints(-1), "t": ints(step)}
    probe("Slice", inputs, constants=["s", "e", "a", "t"], trials=1)


def test_slice_of_two_axes_without_steps():
    inputs = {"x": values(4, 5), "s": ints(1, 2), "e": ints(3, 5)}
    probe("Slice", inputs, constants=["s", "e"], trials=1)


def test_slice_of_opset_1_has_attributes():
    probe("Slice", {"x": values(4, 5)}, opset=9, axes=[1], starts=[-2], ends=[100], trials=1)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_slice_bounds_are_those_of_numpy(n):
    """But for a negative step from before the axis, which ONNX clamps to position 0."""
    x = np.arange(n)
    for start, end, step in itertools.product(range(-6, 7), range(-6, 7), (-3, -1, 1, 2)):
        if step < 0 and start < -n:
            continue
        first, stop = slice_bounds(start, end, step, n)
        np.testing.assert_array_equal(np.arange(first, stop, step), x[start:end:step])


def test_a_slice_goes_on_beyond_its_ends():
    inputs = {"x": values(9), "s": ints(2), "e": ints(8), "a": ints(0), "t": ints(2)}
    program = probe("Slice", inputs, constants=["s", "e", "a", "t"])
    assert only_step(program) == Window(0, 3, 1, 2, 1, -2)


@pytest.mark.parametrize("step", [2, -2])
def test_a_start_computed_at_run_time_leaves_room_for_the_rest(step):
    x = values(7)
    start, end = (1, 6) if step > 0 else (5, 0)
    inputs = {"x": x, "s": ints(start), "e": ints(end), "a": ints(0), "t": ints(step)}
    program = probe("Slice", inputs, constants=["a", "t"], vary=["x"], exact=False)
    path = next(steps for source, steps in program.tensors[0].paths if source == 0)
    assert path[0].last.max() == 6
    assert (path[0].last - path[0].first).tolist() == [2, 2, 2]


def test_a_slice_of_full_length_can_only_start_at_zero():
    inputs = {"x": values(4), "s": ints(0), "e": ints(4)}
    program = probe("Slice", inputs, vary=["x"], exact=False)
    assert program.tensors[0].paths[0] == (0, ())


@pytest.mark.parametrize(("start", "end", "step"), [(1, 6, 2), (5, 0, -2), (0, 7, 1), (6, -8, -1), (2, 5, 1)])
def test_a_slice_of_which_nothing_is_known(start, end, step):
    inputs = {"x": values(7, 2), "s": ints(start), "e": ints(end), "a": ints(0), "t": ints(step)}
    program = probe("Slice", inputs, vary=["x"], exact=False, trials=1)
    assert program.tensors[0].paths[0][1]


def test_axes_computed_at_run_time_may_be_any():
    inputs = {"x": values(4, 3), "s": ints(1), "e": ints(3), "a": ints(0)}
    program = probe("Slice", inputs, vary=["x"], exact=False, trials=1)
    (step,) = program.tensors[0].paths[0][1]
    assert (step.axis, step.first.tolist(), step.last.tolist()) == (0, [0, 1], [2, 3])


SPLITS = {
    "attribute": (11, None, {"split": [1, 3], "axis": 1}, 2),
    "equal parts": (11, None, {"axis": -1}, 2),
    "input": (13, (3, 1), {"axis": 1}, 2),
    "number of outputs": (18, None, {"axis": 1, "num_outputs": 3}, 3),
}


@pytest.mark.parametrize("case", SPLITS)
def test_split(case):
    opset, lengths, attrs, outputs = SPLITS[case]
    inputs = {"x": values(2, 4)}
    if lengths:
        inputs["split"] = ints(*lengths)
    probe("Split", inputs, constants=["split"] if lengths else [], opset=opset, outputs=outputs, trials=1, **attrs)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concat(axis):
    probe("Concat", {"a": values(2, 3), "b": values(2, 3, seed=1)}, axis=axis, trials=1)


def test_zeros_put_in_front_are_padding():
    inputs = {"z": np.zeros((1, 2), np.float32), "x": values(1, 4)}
    assert only_step(probe("Concat", inputs, constants=["z"], axis=1)) == Window(1, 6, 1, 1, 1, 2)


def test_the_same_tensor_twice():
    probe("Concat", {"x": values(2)}, order=["x", "x"], axis=0)


GATHERS = {
    "slice in disguise": ((1, 3, 5), 1, Window(1, 3, 1, 2, 1, -1)),
    "reversed": ((5, 4, 3, 2, 1, 0), 1, Window(1, 6, 1, -1, 1, -5)),
    "nearest": ((0, 0, 1, 1, 2, 2), 1, (2, 1)),
    "mixed": ((4, 0, 2, 1), 1, (0, 0)),
    "from the end": ((-1, 0), 1, (0, 0)),
}


@pytest.mark.parametrize("case", GATHERS)
def test_gather(case):
    index, axis, expected = GATHERS[case]
    inputs = {"x": values(2, 6), "i": ints(*index)}
    step = only_step(probe("Gather", inputs, constants=["i"], axis=axis, trials=1))
    if isinstance(step, Select):
        assert (step.period, step.shift) == expected
    else:
        assert step == expected


@pytest.mark.parametrize("index", [np.int64(2), np.array([[0, 1], [1, 2], [2, 3]]), np.zeros((1, 0), np.int64)])
@pytest.mark.parametrize("axis", [0, 1])
def test_gather_of_other_ranks(index, axis):
    probe("Gather", {"x": values(4, 4), "i": np.asarray(index)}, constants=["i"], axis=axis, trials=1)


def test_gather_by_data():
    inputs = {"x": values(3, 2), "i": ints(2, 0)}
    program = probe("Gather", inputs, vary=["x"], exact=False)
    assert len(program.tensors[0].paths) == 2


def test_an_embedding_reads_each_index_at_its_own_position():
    inputs = {"table": values(5, 3), "i": np.array([[1, 2], [3, 4]], np.int64)}
    program = probe("Gather", inputs, constants=["table"], vary=[], exact=True)
    ((_, steps),) = program.tensors[0].paths
    assert steps[0].shape == (2, 2, 1)


def test_an_index_outside_its_axis_reads_everything():
    inputs = {"x": values(3), "i": ints(0, 1)}
    model_inputs = {**inputs, "i": ints(0, 7)}
    model = one_node("Gather", model_inputs, ["i"])
    (tensor,) = lower(graph_of(model, {"x": inputs["x"]}, [values(2)])).tensors
    assert not tensor.exact
    assert "outside its axis" in tensor.note


@pytest.mark.parametrize(
    "index",
    [[[0, 0], [2, 2]], [[0, 1], [2, 0]], [[-1, 1]]],
    ids=["alike", "each its own", "shorter"],
)
def test_gather_elements(index):
    inputs = {"x": values(3, 2), "i": np.array(index, np.int64)}
    probe("GatherElements", inputs, constants=["i"], axis=0, trials=1)
    probe("GatherElements", inputs, vary=["x"], axis=0, trials=1, exact=False)


@pytest.mark.parametrize(
    ("shape", "index", "batch"),
    [
        ((3, 2), [[2], [0]], 0),
        ((3, 2), [[2, 1], [0, -1]], 0),
        ((2, 3, 2), [[[1, 2]], [[0, 1]]], 0),
        ((2, 3, 2), [[1], [0]], 1),
        ((2, 3, 2), [[[2, 1]], [[0, 0]]], 1),
    ],
)
def test_gather_nd(shape, index, batch):
    inputs = {"x": values(*shape), "i": np.array(index, np.int64)}
    probe("GatherND", inputs, constants=["i"], batch_dims=batch, trials=1)
    probe("GatherND", inputs, vary=["x"], batch_dims=batch, trials=1, exact=False)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_compress(axis):
    inputs = {"x": values(2, 3), "c": np.array([False, True])}
    attrs = {} if axis is None else {"axis": axis}
    probe("Compress", inputs, constants=["c"], trials=1, **attrs)
    probe("Compress", inputs, vary=["x"], trials=1, exact=False, **attrs)


@pytest.mark.parametrize("lengths", [(3, 3), (2, 4), (1, 0)])
@pytest.mark.parametrize(("time", "batch"), [(0, 1), (1, 0)])
def test_reverse_sequence(lengths, time, batch):
    x = values(4, 2, 2) if time == 0 else values(2, 4, 2)
    inputs = {"x": x, "n": ints(*lengths)}
    attrs = {"time_axis": time, "batch_axis": batch}
    probe("ReverseSequence", inputs, constants=["n"], trials=1, **attrs)
    probe("ReverseSequence", inputs, vary=["x"], trials=1, exact=False, **attrs)

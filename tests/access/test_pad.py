"""Pad in all modes, against the operator itself."""

import itertools

import numpy as np
import pytest

from access.probe import probe, values
from rfonnx.operators.access.primitives import Select, Window
from rfonnx.operators.access.runs import Runs
from rfonnx.operators.pad import source_positions


def ints(*given):
    return np.array(given, np.int64)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
@pytest.mark.parametrize(("begin", "end"), [(0, 2), (2, 0), (1, 2), (-1, 0), (0, -2), (-1, -1), (-1, 2), (2, -1)])
def test_pad(mode, begin, end):
    inputs = {"x": values(2, 5), "pads": ints(0, begin, 0, end)}
    probe("Pad", inputs, constants=["pads"], mode=mode, opset=19, trials=2)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_two_axes(mode):
    inputs = {"x": values(1, 3, 4), "pads": ints(0, 1, 2, 0, 2, 3)}
    probe("Pad", inputs, constants=["pads"], mode=mode, trials=1)


def test_axes_are_an_input():
    inputs = {"x": values(2, 3, 4), "pads": ints(1, 2, 0, 1), "axes": ints(-1, 1)}
    order = ["x", "pads", "", "axes"]
    probe("Pad", inputs, constants=["pads", "axes"], order=order, opset=18, trials=1)


@pytest.mark.parametrize(("opset", "name"), [(1, "paddings"), (2, "pads")])
def test_old_opsets_have_attributes(opset, name):
    probe("Pad", {"x": values(2, 3)}, opset=opset, trials=1, **{name: [0, 1, 0, 2]})


def test_zero_padding_goes_on_beyond_the_border():
    program = probe("Pad", {"x": values(4), "pads": ints(2, 1)}, constants=["pads"])
    assert program.tensors[0].paths[0][1] == (Window(0, 7, 1, 1, 1, 2),)


def test_reflection_is_linear_in_the_unbounded_field():
    inputs = {"x": values(3), "pads": ints(1, 1)}
    (step,) = probe("Pad", inputs, constants=["pads"], mode="reflect").tensors[0].paths[0][1]
    assert isinstance(step, Select)
    assert step.first.tolist() == step.last.tolist() == [1, 0, 1, 2, 1]
    assert step.free_first.tolist() == step.free_last.tolist() == [-1, 0, 1, 2, 3]
    assert (step.period, step.shift) == (1, 1)


def test_a_computed_pad_value_is_counted_everywhere():
    inputs = {"x": values(3), "pads": ints(1, 1), "v": np.array(2.0, np.float32)}
    probe("Pad", inputs, constants=["pads"], exact=False)


def test_pads_computed_at_run_time_read_everything():
    probe("Pad", {"x": values(3), "pads": ints(1, 1)}, exact=False)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
@pytest.mark.parametrize("most", [64, 1])
def test_source_positions_are_those_of_numpy(n, mode, most, monkeypatch):
    monkeypatch.setattr("rfonnx.operators.pad.MOST_REPEATED", most)
    for begin, end in itertools.product(range(8), repeat=2):
        expected = np.pad(np.arange(n), (begin, end), mode)
        np.testing.assert_array_equal(Runs(source_positions(n, begin, end, mode)).table(), expected)

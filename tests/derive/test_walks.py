"""Which axis of a tensor runs along an input's, against onnxruntime: samples hold their numbers, and are looked for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnxruntime
import pytest
from onnx import TypeProto, helper

import rfonnx
import small_nets
from rfonnx.analysis.derive.lines import Factor, Line, follow, of_input
from rfonnx.operators.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Window

LENGTH = 24


def node(op, inputs, outputs, **attrs):
    return helper.make_node(op, inputs.split(), outputs.split(), **attrs)


RELABELLED = {  # nodes that only move elements about, from x (1, 2, 24); constants; axis of y and its stride
    "transposed": ([node("Transpose", "x", "y", perm=[2, 0, 1])], {}, 0, 1),
    "in frames of 6": ([node("Reshape", "x s", "f"), node("ReduceMin", "f", "y", axes=[3])], {"s": [1, 2, 4, 6]}, 2, 6),
    "in frames and back": (
        [node("Reshape", "x s", "f"), node("Reshape", "f r", "y")], {"s": [1, 2, 4, 6], "r": [1, 2, 24]}, 2, 1,
    ),
    "every third": ([node("Slice", "x b e a t", "y")], {"b": [0], "e": [24], "a": [2], "t": [3]}, 2, 3),
    "twice each": (
        [node("Unsqueeze", "x a", "u"), node("Tile", "u n", "v"), node("Reshape", "v r", "y")],
        {"a": [3], "n": [1, 1, 1, 2], "r": [1, 2, 48]}, 2, Fraction(1, 2),
    ),
    "with channels behind": (
        [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Reshape", "t r", "y")], {"r": [1, 48]}, 1, Fraction(1, 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RELABELLED)
def test_axes_and_strides_of_what_is_moved_about(name):
    """x[t] = t, so that y shows which sample each position is."""
    nodes, constants, axis, stride = RELABELLED[name]
    weights = {key: np.array(value, np.int64) for key, value in constants.items()}
    model = small_nets.model(nodes, {"x": (1, 2, LENGTH)}, {"y": ()}, weights)
    model.graph.output[0].CopyFrom(helper.make_value_info("y", TypeProto()))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y = session.run(None, {"x": np.broadcast_to(np.arange(LENGTH, dtype=np.float32), (1, 2, LENGTH))})[0]
    (line,) = rfonnx.analyze(model).time.walks.of("y", "x", 2)
    assert (line.walking, line.slope(axis)) == ((axis,), stride)
    positions = np.arange(y.shape[axis]) * Fraction(stride).numerator // Fraction(stride).denominator
    np.testing.assert_array_equal(np.moveaxis(y, axis, 0).reshape(len(positions), -1)[:, 0], positions)


def test_steps():
    line = of_input((1, 8, 4), 1)
    assert follow(line, [Reduce((2,))], (1, 8, 1)) == Line(((Factor(1, 0),), (Factor(8, 1),), (Factor(1, 0),)))
    assert follow(line, [Reduce((1,))], (1, 1, 4)) is None
    assert follow(line, [Reshape((2, 4, 4)), Reduce((0,))], (1, 4, 4)) is None  # the same place of every frame
    assert follow(line, [Spread(1, 16, 2, 2, 1, 0)], (1, 16, 4)).slope(1) == Fraction(1, 2)
    assert follow(line, [Window(1, 4, 3, 2, 1, 1), Permute((2, 1, 0))], (4, 4, 1)).slope(1) == 2
    assert follow(line, [Window(1, 1, 1, 1, 1, -5)], (1, 1, 4)).start == 5
    assert follow(line, [Window(1, 1, 8, 1, 1, 0)], (1, 1, 4)) is None
    until = Select(1, np.zeros(8, np.int64), np.arange(8))
    assert follow(line, [until], (1, 8, 4)).slope(1) == 1
    assert follow(line, [Select(1, np.array([3, 1, 2]), np.array([3, 1, 2]))], (1, 3, 4)) is None
    band = Band(1, 2, np.zeros(4, np.int64), np.arange(4) * 2)
    assert follow(line, [band], (1, 1, 4)).slope(2) == 2


def test_factors_that_do_not_run_on_have_no_slope():
    laid = follow(of_input((2, 6), 1), [Reshape((12,))], (12,))
    assert laid.walking == (0,)
    assert laid.slope(0) is None
    assert follow(laid, [Reshape((2, 6))], (2, 6)) == of_input((2, 6), 1)

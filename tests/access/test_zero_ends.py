"""Kernels whose ends are zero: structure counts them as read, and says so where values would differ."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from access.probe import probe_model, values
from rfonnx import analyze
from rfonnx.operators.access.kernels import ZERO_ENDS


def net(node, shape, **constants):
    graph = helper.make_graph(
        [node],
        "ends",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def windowed(size, window):
    """A transform's kernel: sines under a Hann window, in the middle of the frame."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    frame = np.pad(hann, ((size - window) // 2, size - window - (size - window) // 2))
    return frame * np.cos(0.3 + np.outer(np.arange(1, 4), np.arange(size)))


MEL = np.array([[1, 1, 0, 0, 0, 0], [0, 1, 2, 1, 0, 0], [0, 0, 0, 1, 1, 1.0]]).T
CONV = helper.make_node("Conv", ["x", "w"], ["y"], strides=[2])
TRANSPOSED = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[4])
WINDOWED = {
    "STFT by Conv": (CONV, (1, 1, 30), windowed(12, 8)[:, None]),
    "inverse by ConvTranspose": (TRANSPOSED, (1, 3, 4), windowed(12, 8)[:, None]),
    "mel by MatMul": (helper.make_node("MatMul", ["x", "w"], ["y"]), (1, 5, 6), MEL),
    "mel from the left": (helper.make_node("MatMul", ["w", "x"], ["y"]), (1, 6, 5), MEL.T),
    "mel by Gemm": (helper.make_node("Gemm", ["x", "w"], ["y"]), (5, 6), MEL),
    "mel by Gemm, transposed": (helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), (5, 6), MEL.T),
}
FULL = {
    "learnt": (CONV, (1, 2, 30), values(3, 2, 5)),
    "zeros inside": (CONV, (1, 1, 30), np.array([[[1, 0, 0, 2]], [[2, 0, 1, 1]]])),
    "one input of two": (CONV, (1, 2, 30), np.array([[[1, 2, 3], [0, 1, 2]]])),
    "one tap": (CONV, (1, 2, 30), np.array([[[1], [0]]])),
    "matrix": (helper.make_node("MatMul", ["x", "w"], ["y"]), (5, 4), values(4, 3)),
}


def notes(model, weights):
    return analyze(model, weights=weights).tensors["y"].notes


def seen(model, weights):
    """Lengths of all intervals along all axes, together."""
    found = analyze(model, weights=weights)
    shape = found.tensors["y"].shape
    ends = [found.intervals("y", "x", axis) for _, axis in found.tensors["y"].fields]
    return sum(int(np.maximum(np.broadcast_to(hi - lo + 1, shape), 0).sum()) for lo, hi in ends)


@pytest.mark.parametrize("name", WINDOWED)
def test_the_note_stands_where_values_are_narrower(name):
    node, shape, weight = WINDOWED[name]
    model = net(node, shape, w=weight)
    assert notes(model, "structure") == (ZERO_ENDS,)
    assert ZERO_ENDS not in notes(model, "values")
    wide, narrow = (seen(model, weights) for weights in ("structure", "values"))
    assert wide > narrow
    probe_model(model, {"x": values(*shape)}, exact=None, trials=1, weights="values")


@pytest.mark.parametrize("name", FULL)
def test_there_is_no_note_without_zeros_at_an_end(name):
    node, shape, weight = FULL[name]
    assert notes(net(node, shape, w=weight), "structure") == ()

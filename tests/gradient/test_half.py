"""Gradients of half-precision models: those of the same model in float32."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.gradients import GradientSession

SHAPE = [1, 4, 12, 12]


def model(element: int, last: list[onnx.NodeProto]) -> onnx.ModelProto:
    """A convolution and an addition, which onnxruntime computes in float32, and what comes after them."""
    random = np.random.default_rng(0)
    dtype = helper.tensor_dtype_to_np_dtype(element)
    weight = random.standard_normal((4, 4, 3, 3)).astype(np.float16).astype(dtype)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["a", "x"], ["b"]),
        *last,
    ]
    stored = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(np.zeros((), dtype), "zero")]
    ends = [helper.make_tensor_value_info(name, element, SHAPE if name == "x" else None) for name in "xy"]
    graph = helper.make_graph(nodes, "half", ends[:1], ends[1:], stored)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)])


@pytest.mark.parametrize(
    ("last", "shape"),
    [
        ([helper.make_node("Max", ["b", "zero"], ["y"])], SHAPE),  # torch's Relu, as its function body spells it
        ([helper.make_node("Min", ["zero", "b"], ["y"])], SHAPE),
        ([helper.make_node("Relu", ["b"], ["y"])], SHAPE),
        ([helper.make_node("MaxPool", ["b"], ["y"], kernel_shape=[2, 2], strides=[2, 2])], [1, 4, 6, 6]),
        ([helper.make_node("ReduceMax", ["b"], ["y"], keepdims=1)], [1, 1, 1, 1]),
        ([helper.make_node("GlobalMaxPool", ["b"], ["y"])], [1, 4, 1, 1]),
        ([helper.make_node("Max", ["b", "zero"], ["c"]), helper.make_node("Max", ["c", "a"], ["y"])], SHAPE),
    ],
)
def test_rounding_does_not_hide_who_was_the_maximum(last: list[onnx.NodeProto], shape: list[int]) -> None:
    """What won and what it was compared with must be rounded alike: else nothing equals the maximum, and all is zero."""
    random = np.random.default_rng(1)
    x = random.standard_normal(SHAPE).astype(np.float16)
    seed = random.standard_normal(shape).astype(np.float32)
    half, single = (
        rfonnx.gradient(model(element, last), {"x": x.astype(helper.tensor_dtype_to_np_dtype(element))}, "y", seed)["x"]
        for element in (TensorProto.FLOAT16, TensorProto.FLOAT)
    )
    assert np.abs(single).sum() > 1
    np.testing.assert_allclose(half, single, atol=1e-3 * np.abs(single).max())


def batch_first_lstm(element: int) -> onnx.ModelProto:
    """What PyTorch's batch-first LSTM becomes."""
    random = np.random.default_rng(0)
    dtype = helper.tensor_dtype_to_np_dtype(element)
    stored = [
        numpy_helper.from_array(random.standard_normal(shape).astype(np.float16).astype(dtype), name)
        for name, shape in (("w", (1, 24, 5)), ("r", (1, 24, 6)))
    ]
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["a", "w", "r"], ["y"], hidden_size=6),
    ]
    ends = [
        helper.make_tensor_value_info(name, element, shape) for name, shape in (("x", (2, 7, 5)), ("y", (7, 1, 2, 6)))
    ]
    graph = helper.make_graph(nodes, "half", ends[:1], ends[1:], stored)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def test_recurrent() -> None:
    """The optimiser that onnxruntime dies of here is left out."""
    random = np.random.default_rng(1)
    x = random.standard_normal((2, 7, 5)).astype(np.float16)
    seed = random.standard_normal((7, 1, 2, 6)).astype(np.float32)
    half, single = (
        rfonnx.gradient(batch_first_lstm(element), {"x": x}, "y", seed)["x"]
        for element in (TensorProto.FLOAT16, TensorProto.FLOAT)
    )
    np.testing.assert_allclose(half, single, atol=1e-2 * np.abs(single).max())


def test_tensors_on_the_way() -> None:
    """Nobody reads the rounded tensors once onnxruntime has put everything into float32, unless they are asked for."""
    last = [helper.make_node("Tanh", ["b"], ["c"]), helper.make_node("Conv", ["c", "w"], ["y"], pads=[1, 1, 1, 1])]
    half = model(TensorProto.FLOAT16, last)
    x = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float16)
    seed = np.random.default_rng(2).standard_normal(SHAPE).astype(np.float32)
    whole = GradientSession(half, "y", layers=["b", "c"]).run({"x": x}, seed)
    for layer in ("b", "c"):
        first = GradientSession(half, layer).run({"x": x}, whole[layer])
        np.testing.assert_allclose(first["x"], whole["x"], rtol=1e-3, atol=1e-3 * np.abs(whole["x"]).max())

"""Quantisation is differentiated straight-through: as the identity inside the integer range, as a constant outside."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from rfonnx.gradient import GradientSession


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
@pytest.mark.parametrize(
    ("scale", "zero", "attrs"),
    [
        (np.float32(0.02), np.int8(10), {}),
        (np.float32(0.01), np.uint8(128), {}),
        (np.array([0.01, 0.05, 0.03], np.float32), np.array([0, -20, 5], np.int8), {"axis": 1}),
    ],
    ids=["int8", "uint8", "per-channel"],
)
def test_straight_through(domain: str, scale: np.ndarray, zero: np.ndarray, attrs: dict[str, int]) -> None:
    graph = helper.make_graph(
        [
            helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"], domain=domain, **attrs),
            helper.make_node("Relu", ["x"], ["r"]),
            helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"], domain=domain, **attrs),
            helper.make_node("Add", ["d", "r"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 40])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(scale), "scale"), numpy_helper.from_array(np.asarray(zero), "zero")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    x = np.random.default_rng(0).standard_normal((2, 3, 40)).astype(np.float32) * 2
    seed = np.random.default_rng(1).standard_normal(x.shape).astype(np.float32)
    found = GradientSession(model, "y").run({"x": x}, seed)["x"]
    s, z = (np.asarray(v).astype(np.float32).reshape(-1, 1) for v in (scale, zero))
    ends = np.iinfo(np.asarray(zero).dtype)
    inside = (x >= (ends.min - z) * s) & (x <= (ends.max - z) * s)
    assert 0.1 < inside.mean() < 0.9  # both sides are tried
    np.testing.assert_allclose(found, seed * inside + seed * (x > 0), rtol=1e-6)


def test_real_weights_stay_as_they_are() -> None:
    """onnxruntime rounds real weights between quantised tensors to 8 bits; the gradient is that of the file."""
    random = np.random.default_rng(0)
    weight, bias = random.standard_normal((6, 5)).astype(np.float32), random.standard_normal(5).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
            helper.make_node("Gemm", ["d", "weight", "bias"], ["g"]),
            helper.make_node("QuantizeLinear", ["g", "scale", "zero"], ["p"]),
            helper.make_node("DequantizeLinear", ["p", "scale", "zero"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(value, name)
            for name, value in (
                ("weight", weight), ("bias", bias), ("scale", np.float32(0.1)), ("zero", np.zeros((), np.int8)),
            )
        ],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    x, seed = (random.standard_normal(shape).astype(np.float32) for shape in ((3, 6), (3, 5)))
    found = GradientSession(model, "y", layers=["d"]).run({"x": x}, seed)
    np.testing.assert_allclose(found["x"], seed @ weight.T, rtol=1e-5)
    np.testing.assert_allclose(
        found["d"], seed @ weight.T, rtol=1e-5
    )  # what is read is the tensor of that name, no copy

"""Quantisation is differentiated straight-through: as the identity inside the integer range, as a constant outside."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
from onnx import TensorProto, helper, numpy_helper

from rfonnx.gradients import GradientSession


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
    s, z = (np.asarray(v).astype(np.float32).reshape(-1, 1) for v in (scale, zero))
    ends = np.iinfo(np.asarray(zero).dtype)
    # beyond an end by less than half a step is rounded to it, by more is clipped to it
    near = (ends.min - 0.3, ends.max + 0.3, ends.min - 0.7, ends.max + 0.7)
    x[0, :, :4] = np.concatenate([np.broadcast_to((place - z) * s, (3, 1)) for place in near], 1)
    seed = np.random.default_rng(1).standard_normal(x.shape).astype(np.float32)
    found = GradientSession(model, "y").run({"x": x}, seed)["x"]
    whole = np.rint(x / s) + z
    inside = (whole >= ends.min) & (whole <= ends.max)
    assert inside[0, :, :2].all()
    assert not inside[0, :, 2:4].any()
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


def run(text: str, constants: dict[str, np.ndarray], x: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """The gradient of y with respect to x."""
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> g {text}')
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return GradientSession(model, "y").run({"x": x}, seed)["x"]


def test_dynamic_matmul() -> None:
    """Quantised with a scale that depends on the values: it counts as a constant, and the range has no ends."""
    random = np.random.default_rng(0)
    weight = random.integers(-90, 90, (5, 4)).astype(np.int8)
    x, seed = (random.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (3, 4)))
    text = """(float[3, 5] x) => (float[3, 4] y) {
        q, s, z = DynamicQuantizeLinear(x)
        whole = MatMulInteger(q, weight, z, zero)
        real = Cast<to = 1>(whole)
        scales = Mul(s, scale)
        y = Mul(real, scales)
    }"""
    zero, scale = np.int8(3), np.float32(0.02)
    found = run(text, {"weight": weight, "zero": np.asarray(zero), "scale": np.asarray(scale)}, x, seed)
    np.testing.assert_allclose(found, seed @ ((weight.astype(np.float32) - 3) * scale).T, rtol=1e-4, atol=1e-5)


def test_dynamic_conv() -> None:
    """One zero point per channel; the same tensor read twice."""
    random = np.random.default_rng(0)
    weight, zeros = random.integers(-90, 90, (4, 3, 1)).astype(np.int8), np.array([1, -2, 0, 5], np.int8)
    x, seed = (random.standard_normal(shape).astype(np.float32) for shape in ((1, 3, 6), (1, 4, 6)))
    text = """(float[1, 3, 6] x) => (float[1, 4, 6] y) {
        q, s, z = DynamicQuantizeLinear(x)
        a = ConvInteger<kernel_shape = [1]>(q, weight, z, zeros)
        b = ConvInteger<kernel_shape = [1]>(q, weight, z)
        c = Cast<to = 1>(a)
        d = Cast<to = 1>(b)
        e = Sub(c, d)
        y = Mul(e, s)
    }"""
    found = run(text, {"weight": weight, "zeros": zeros}, x, seed)
    expected = -np.einsum("mc,nmt->nct", np.tile(zeros.astype(np.float32)[:, None], (1, 3)), seed)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_integers_in_between() -> None:
    """Operators that pass integers on, and one that QLinear files share constants between."""
    random = np.random.default_rng(0)
    weight = random.integers(-20, 20, (2, 2, 1)).astype(np.int8)
    x, seed = random.permutation(16).reshape(1, 2, 8).astype(np.float32), random.standard_normal((1, 2, 4))
    text = """(float[1, 2, 8] x) => (float[1, 2, 4] y) {
        q = QuantizeLinear(x, one, byte)
        p = MaxPool<kernel_shape = [2], strides = [2]>(q)
        a = QLinearConv(p, one, byte, weight, one, zero, one, middle, bias)
        b = QLinearConv(p, one, byte, weight, one, zero, one, middle, bias)
        c = DequantizeLinear(a, one, middle)
        d = DequantizeLinear(b, one, middle)
        y = Add(c, d)
    }"""
    constants = {
        "weight": weight, "one": np.asarray(np.float32(1)), "byte": np.asarray(np.uint8(0)), "zero": np.asarray(np.int8(0)),
        "middle": np.asarray(np.uint8(128)), "bias": np.zeros(2, np.int32),
    }  # fmt: skip
    found = run(text, constants, x, seed)
    pairs = x.reshape(1, 2, 4, 2)
    wins = pairs == pairs.max(-1, keepdims=True)
    values = np.einsum("mc,nct->nmt", weight[..., 0].astype(np.float32), pairs.max(-1))
    inside = (values >= -128) & (values <= 127)
    assert 0 < inside.mean() < 1
    each = 2 * np.einsum("mc,nmt->nct", weight[..., 0].astype(np.float32), seed * inside)
    np.testing.assert_allclose(found, (wins * each[..., None]).reshape(x.shape), rtol=1e-5)


def test_qlinear_softmax_and_where() -> None:
    """Against the same, written with real numbers between them."""
    random = np.random.default_rng(0)
    x, seed = (random.standard_normal((2, 6)).astype(np.float32) for _ in range(2))
    head = "(float[2, 6] x) => (float[2, 6] y) { q = QuantizeLinear(x, s, z)"
    constants = {
        "s": np.asarray(np.float32(0.02)), "z": np.asarray(np.uint8(128)), "t": np.asarray(np.float32(1 / 256)),
        "o": np.asarray(np.uint8(0)), "c": np.array([1, 0, 1, 1, 0, 1], bool),
    }  # fmt: skip
    fused = run(
        head + """ a = com.microsoft.QLinearSoftmax<axis = -1, opset = 13>(q, s, z, t, o)
        w = com.microsoft.QLinearWhere(c, a, t, o, q, s, z, s, z) y = DequantizeLinear(w, s, z) }""",
        constants, x, seed,
    )  # fmt: skip
    plain = run(
        head + """ d = DequantizeLinear(q, s, z) e = Softmax<axis = -1>(d) f = QuantizeLinear(e, t, o)
        g = DequantizeLinear(f, t, o) h = Where(c, g, d) w = QuantizeLinear(h, s, z) y = DequantizeLinear(w, s, z) }""",
        constants, x, seed,
    )  # fmt: skip
    assert np.abs(plain).sum() > 1
    np.testing.assert_allclose(fused, plain, rtol=1e-5, atol=1e-6)


def test_rows_of_a_product_with_scales_of_their_own() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[2, 3] x) => (float[2, 2] y) {
        q = QuantizeLinear<axis = 0>(x, s, z)  r = QLinearMatMul(q, s, z, m, w, none, t, o)  y = DequantizeLinear(r, t, o)
    }"""
    weight = np.arange(-3, 3).reshape(3, 2).astype(np.int8)
    stored = {
        "s": np.array([0.02, 0.05], np.float32), "z": np.array([120, 130], np.uint8), "m": weight, "w": np.float32(0.01),
        "none": np.int8(0), "t": np.float32(0.03), "o": np.uint8(100),
    }  # fmt: skip
    model = onnx.parser.parse_model(text)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(np.asarray(v), n) for n, v in stored.items())
    seed = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = GradientSession(model, "y").run({"x": np.ones((2, 3))}, seed)["x"]
    np.testing.assert_allclose(found, seed @ (0.01 * weight.astype(np.float64)).T, rtol=1e-5)

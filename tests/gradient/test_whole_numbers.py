"""onnxruntime's operators on quantised numbers against the same, written with real numbers between them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gradient.reference import evaluate
from rfonnx.gradients import GradientSession
from rfonnx.gradients.decompose import decomposed
from rfonnx.model import runtime

random = np.random.default_rng(0)
# weights so small that onnxruntime adds two products in 16 bits without an overflow
STORED: dict[str, np.ndarray] = {
    "s": np.asarray(np.float32(0.02)), "z": np.asarray(np.uint8(120)), "t": np.asarray(np.float32(0.03)),
    "o": np.asarray(np.uint8(100)), "u": np.asarray(np.float32(1 / 256)), "zero": np.asarray(np.uint8(0)),
    "ws": np.asarray(np.float32(0.01)), "wz": np.asarray(np.int8(3)),
    "none": np.asarray(np.int8(0)), "w": random.integers(-60, 60, (4, 4, 1, 1)).astype(np.int8),
    "m": random.integers(-60, 60, (4, 4)).astype(np.int8), "bias": random.integers(-900, 900, 4).astype(np.int32),
    "real": random.standard_normal(4).astype(np.float32), "factor": np.asarray(np.float32(0.0002)),
    "c": np.array([True, False, True, True]), "ms": np.array([0.01, 0.02, 0.03, 0.04], np.float32),
    "mz": np.array([1, -2, 3, 0], np.int8),
}  # fmt: skip
HEAD = "(float[1, 4, 3, 4] x) => (float[n] y) { q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z) "
BACK = " y = DequantizeLinear(r, t, o) }"
AGAIN = " r = QuantizeLinear(e, t, o)" + BACK
WEIGHT = " v = DequantizeLinear(w, ws, none) k = Cast<to = 1>(bias) h = Mul(k, factor)"
MATRIX = " v = DequantizeLinear(m, ws, wz)"
LAST = " f = Transpose<perm = [0, 3, 1, 2]>(d)"
MS = "com.microsoft."

PAIRS: dict[str, tuple[str, str]] = {
    "QLinearConv": (f"r = QLinearConv(q, s, z, w, ws, none, t, o, bias){BACK}", f"{WEIGHT} e = Conv(d, v, h){AGAIN}"),
    MS + "QLinearConv": (
        f"r = {MS}QLinearConv<channels_last = 1>(q, s, z, w, ws, none, t, o, bias){BACK}",
        f"{LAST} {WEIGHT} g = Conv(f, v, h) e = Transpose<perm = [0, 2, 3, 1]>(g) {AGAIN}",
    ),
    "QLinearMatMul": (f"r = QLinearMatMul(q, s, z, m, ws, wz, t, o){BACK}", f"{MATRIX} e = MatMul(d, v){AGAIN}"),
    MS + "QLinearAdd": (f"r = {MS}QLinearAdd(q, s, z, q, s, z, t, o){BACK}", f"e = Add(d, d){AGAIN}"),
    MS + "QLinearMul": (f"r = {MS}QLinearMul(q, s, z, q, s, z, t, o){BACK}", f"e = Mul(d, d){AGAIN}"),
    MS + "QLinearSigmoid": (f"r = {MS}QLinearSigmoid(q, s, z, t, o){BACK}", f"e = Sigmoid(d){AGAIN}"),
    MS + "QLinearLeakyRelu": (
        f"r = {MS}QLinearLeakyRelu<alpha = 0.3>(q, s, z, t, o){BACK}", f"e = LeakyRelu<alpha = 0.3>(d){AGAIN}",
    ),
    MS + "QLinearGlobalAveragePool": (
        f"r = {MS}QLinearGlobalAveragePool(q, s, z, t, o){BACK}", f"e = GlobalAveragePool(d){AGAIN}",
    ),
    MS + "QLinearGlobalAveragePool, channels last": (
        f"r = {MS}QLinearGlobalAveragePool<channels_last = 1>(q, s, z, t, o){BACK}",
        f"{LAST} g = GlobalAveragePool(f) e = Transpose<perm = [0, 2, 3, 1]>(g){AGAIN}",
    ),
    MS + "QLinearAveragePool": (
        f"r = {MS}QLinearAveragePool<kernel_shape = [2, 2]>(q, s, z, t, o){BACK}",
        f"e = AveragePool<kernel_shape = [2, 2]>(d){AGAIN}",
    ),
    MS + "QLinearAveragePool, channels last, along one axis": (
        f"""p = Squeeze(q, first) r = {MS}QLinearAveragePool<kernel_shape = [2], channels_last = 1>(p, s, z, t, o){BACK}""",
        f"""p = Squeeze(d, first) f = Transpose<perm = [0, 2, 1]>(p) g = AveragePool<kernel_shape = [2]>(f)
        e = Transpose<perm = [0, 2, 1]>(g){AGAIN}""",
    ),
    MS + "QLinearConcat": (
        f"r = {MS}QLinearConcat<axis = 2>(t, o, q, s, z, q, s, z){BACK}", f"e = Concat<axis = 2>(d, d){AGAIN}",
    ),
    MS + "QLinearSoftmax": (
        f"r = {MS}QLinearSoftmax<axis = -1, opset = 13>(q, s, z, u, zero) y = DequantizeLinear(r, u, zero) }}",
        "e = Softmax<axis = -1>(d) r = QuantizeLinear(e, u, zero) y = DequantizeLinear(r, u, zero) }",
    ),
    MS + "QLinearWhere": (
        f"p = QuantizeLinear(real, s, z) r = {MS}QLinearWhere(c, q, s, z, p, s, z, t, o){BACK}",
        f"p = QuantizeLinear(real, s, z) v = DequantizeLinear(p, s, z) e = Where(c, d, v){AGAIN}",
    ),
    MS + "QGemm": (
        f"b = Flatten<axis = 3>(q) r = {MS}QGemm(b, s, z, m, ws, wz, bias, t, o){BACK}",
        f"b = Flatten<axis = 3>(d) {MATRIX} k = Cast<to = 1>(bias) h = Mul(k, factor) g = MatMul(b, v) e = Add(g, h){AGAIN}",
    ),
    MS + "QGemm, real": (
        f"b = Flatten<axis = 3>(q) y = {MS}QGemm<transB = 1>(b, s, z, m, ws, wz) }}",
        f"b = Flatten<axis = 3>(d) {MATRIX} y = Gemm<transB = 1>(b, v) }}",
    ),
    "MatMulInteger": (
        "i = MatMulInteger(q, m, z, wz) k = Cast<to = 1>(i) y = Mul(k, factor) }", f"{MATRIX} y = MatMul(d, v) }}",
    ),
    "ConvInteger": (
        "i = ConvInteger<kernel_shape = [1, 1]>(q, w, z) k = Cast<to = 1>(i) y = Mul(k, factor) }",
        "v = DequantizeLinear(w, ws, none) y = Conv(d, v) }",
    ),
    MS + "DynamicQuantizeMatMul": (
        f"y = {MS}DynamicQuantizeMatMul(x, m, ws, wz, real) }}", f"{MATRIX} g = MatMul(x, v) y = Add(g, real) }}",
    ),
    MS + "DynamicQuantizeMatMul, per column": (
        f"y = {MS}DynamicQuantizeMatMul(x, m, ms, mz) }}", "v = DequantizeLinear<axis = 1>(m, ms, mz) y = MatMul(x, v) }",
    ),
    MS + "MatMulIntegerToFloat": (
        f"y = {MS}MatMulIntegerToFloat(q, m, s, ws, z, wz, real) }}", f"{MATRIX} g = MatMul(d, v) y = Add(g, real) }}",
    ),
    MS + "NhwcMaxPool": (
        f"r = {MS}NhwcMaxPool<kernel_shape = [2, 2]>(q) y = DequantizeLinear(r, s, z) }}",
        f"{LAST} g = MaxPool<kernel_shape = [2, 2]>(f) y = Transpose<perm = [0, 2, 3, 1]>(g) }}",
    ),
}  # fmt: skip


def model(body: str) -> onnx.ModelProto:
    made = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> g {HEAD}{body}')
    made.graph.output[0].type.tensor_type.ClearField("shape")
    read = {name for node in made.graph.node for name in node.input}
    stored = {**STORED, "first": np.array([0], np.int64)}
    made.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in stored.items() if n in read)
    return made


@pytest.mark.parametrize("kind", PAIRS)
def test_as_with_real_numbers(kind: str) -> None:
    fused, plain = (model(body) for body in PAIRS[kind])
    assert kind.split(",")[0] in {f"{n.domain}.{n.op_type}".lstrip(".") for n in fused.graph.node}
    random = np.random.default_rng(1)
    x = random.permutation(48).reshape(1, 4, 3, 4).astype(np.float32) * 0.04 - 1
    values = [runtime.run(runtime.open_session(each, level="none"), ["y"], {"x": x})[0] for each in (fused, plain)]
    assert np.abs(values[0] - values[1]).max() < 0.06  # two steps
    sessions = [GradientSession(each, "y") for each in (fused, plain)]
    seed = random.standard_normal(sessions[0].shape)
    found, expected = (session.run({"x": x}, seed)["x"] for session in sessions)
    assert np.abs(expected).sum() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_dynamic_lstm(direction: str, per_column: bool) -> None:
    """Against the LSTM with the weights that its bytes stand for: what it rounds on the way counts as it is."""
    random = np.random.default_rng(1)
    ways, width, hidden, steps = (2 if direction == "bidirectional" else 1), 3, 4, 5
    weight, recurrent = (random.integers(-90, 90, (ways, n, 4 * hidden)).astype(np.int8) for n in (width, hidden))
    shape = (ways, 4 * hidden) if per_column else (ways,)
    scales = [random.uniform(0.005, 0.01, shape).astype(np.float32) for _ in range(2)]
    # onnxruntime has zero points per column only as zeros
    zeros = [(random.integers(-3, 3, shape) * (not per_column)).astype(np.int8) for _ in range(2)]
    bias = random.standard_normal((ways, 8 * hidden)).astype(np.float32)
    names = ["x", "w", "r", "b", "", "", "", "", "ws", "wz", "rs", "rz"]
    make = onnx.helper.make_node
    node = make(
        "DynamicQuantizeLSTM", names, ["y", "", "c"], domain="com.microsoft", hidden_size=hidden, direction=direction
    )
    stored = {"w": weight, "r": recurrent, "b": bias, "ws": scales[0], "wz": zeros[0], "rs": scales[1], "rz": zeros[1]}
    fused = onnx.helper.make_model(
        onnx.helper.make_graph(
            [node, make("Identity", ["y"], ["out"])], "lstm",
            [onnx.helper.make_tensor_value_info("x", 1, (steps, 2, width))],
            [onnx.helper.make_tensor_value_info("out", 1, (steps, ways, 2, hidden))],
            [numpy_helper.from_array(v, n) for n, v in stored.items()],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("com.microsoft", 1)], ir_version=8,
    )  # fmt: skip
    column = (lambda v: v[:, None, :]) if per_column else (lambda v: v[:, None, None])
    real = {
        name: ((whole.astype(np.float64) - column(zero)) * column(scale)).transpose(0, 2, 1)
        for name, whole, zero, scale in zip("wr", (weight, recurrent), zeros, scales, strict=True)
    }
    plain = onnx.helper.make_model(
        onnx.helper.make_graph(
            [make("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=hidden, direction=direction)], "lstm",
            [onnx.helper.make_tensor_value_info("x", 11, (steps, 2, width))],
            [onnx.helper.make_tensor_value_info("y", 11, None)],
            [numpy_helper.from_array(v, n) for n, v in {**real, "b": bias.astype(np.float64)}.items()],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8,
    )  # fmt: skip
    x, along = random.standard_normal((2, steps, 2, width))
    seed = random.standard_normal((steps, ways, 2, hidden))
    (rounded,) = runtime.run(runtime.open_session(fused), ["out"], {"x": x.astype(np.float32)})
    assert np.abs(rounded - evaluate(plain, {"x": x}, ["y"])[0]).max() < 0.05
    found = GradientSession(fused, "out").run({"x": x}, seed)["x"]
    ahead, behind = (evaluate(plain, {"x": x + side * 1e-6 * along}, ["y"])[0] for side in (1, -1))
    expected = (seed * (ahead - behind)).sum() / 2e-6
    assert (found * along).sum() == pytest.approx(expected, abs=1e-5 * np.abs(seed * (ahead - behind)).sum() / 2e-6)


def test_every_operator_on_whole_numbers_has_a_case() -> None:
    covered = {kind.split(",")[0] for kind in PAIRS} | {"com.microsoft.DynamicQuantizeLSTM"}
    parts = ("QLinear", "QGemm", "Integer", "DynamicQuantize", "NhwcMaxPool")
    assert {kind for kind in decomposed() if any(part in kind for part in parts)} <= covered

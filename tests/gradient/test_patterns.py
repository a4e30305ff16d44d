"""Groups of nodes that are differentiated together give what their nodes would give one by one."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from rfonnx.gradients import GradientSession
from rfonnx.gradients.patterns import grouped
from rfonnx.gradients.preparing.prepare import prepare

MODELS = {
    "MaxPoolOfRelu": "r = Relu(x)  y = MaxPool<kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]>(r)",
    "Swish": "s = Sigmoid(x)  y = Mul(x, s)",
    "HardSwish": "s = HardSigmoid<alpha=0.16666667, beta=0.5>(x)  y = Mul(s, x)",
    "MaxPoolOfRelu-of-Concat": "a = Conv(x, wu)  b = Conv(x, wv)  ra = Relu(a)  rb = Relu(b)  r = Concat<axis=1>(ra, rb)"
    " y = MaxPool<kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]>(r)",
    "MaxPoolOfRelu-dilated": "a = Conv(x, wu)  b = Conv(x, wv)  ra = Relu(a)  rb = Relu(b)  r = Concat<axis=-3>(ra, rb)"
    " y = MaxPool<kernel_shape=[3,3], dilations=[2,2]>(r)",
    "ConvOfConcat": "a = Conv(x, wu)  b = Conv(x, wv)  r = Concat<axis=1>(a, b)  y = Conv<strides=[2,1], pads=[1,0,1,1]>(r, ww)",
    "ReluOfAffine": "n = BatchNormalization(x, p, p, p, p)  m = Mul(n, q)  r = Add(q, m)  y = Relu(r)",
    "Gelu": "c = Constant<value_float=1.4142135>()  h = Constant<value_float=0.5>()  o = Constant<value_float=1.0>()"
    " d = Div(x, c)  e = Erf(d)  a = Add(e, o)  m = Mul(x, a)  y = Mul(m, h)",
}
WEIGHTS = {"wu": (16, 3, 1, 1), "wv": (20, 3, 1, 1), "ww": (5, 36, 3, 2), "p": (3,), "q": (3, 1, 1)}


def model(body: str, outputs: str) -> onnx.ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[1,3,8,9] x) => ({outputs}) {{ {body} }}'
    proto = onnx.parser.parse_model(text)
    rng = np.random.default_rng(2)
    for name, shape in WEIGHTS.items():
        proto.graph.initializer.append(
            onnx.numpy_helper.from_array(np.abs(rng.standard_normal(shape, np.float32)), name)
        )
    return proto


@pytest.mark.parametrize("kind", MODELS)
def test_same_as_one_by_one(kind: str) -> None:
    """An inner tensor that is asked for keeps the nodes apart."""
    proto = model(MODELS[kind], "float y")
    kind = kind.split("-")[0]
    inner = {"Swish": "s", "HardSwish": "s", "Gelu": "m"}.get(kind, "r")
    joined = prepare(proto, ["y"])
    assert kind in [n.op_type for n in grouped(joined.graph, ["x", "y"]).nodes]
    apart = prepare(proto, ["y", inner])
    assert kind not in [n.op_type for n in grouped(apart.graph, ["x", "y", inner]).nodes]
    x = np.random.default_rng(0).standard_normal((1, 3, 8, 9)).astype(np.float32) * 3
    one = GradientSession(joined, "y")
    seed = np.random.default_rng(1).standard_normal(one.shape)
    other = GradientSession(apart, "y", layers=[inner])
    np.testing.assert_allclose(one.run({"x": x}, seed)["x"], other.run({"x": x}, seed)["x"], rtol=2e-5, atol=2e-6)


def test_a_convolution_with_a_computed_bias_is_no_group() -> None:
    proto = model(
        "a = Conv(x, wu)  b = Conv(x, wv)  r = Concat<axis=1>(a, b)  m = ReduceMean<axes=[0,2,3], keepdims=0>(x)"
        " i = Constant<value_ints=[0,1,2,0,1]>()  s = Gather(m, i)  y = Conv(r, ww, s)",
        "float y",
    )
    assert "ConvOfConcat" not in [n.op_type for n in grouped(prepare(proto, ["y"]).graph, ["x", "y"]).nodes]


@pytest.mark.parametrize(
    "test",
    ["m = IsNaN(s)", "i = Constant<value_float=-inf>()  t = ReduceMax<axes=[-1]>(b)  m = Equal(t, i)"],
    ids=["of-itself", "per-row"],
)
def test_masked_rows_have_no_gradient(test: str) -> None:
    """The softmax of a row that may attend to nothing is NaN, and is replaced by zeros: so is its gradient."""
    bias = np.zeros((1, 3, 8, 9), np.float32)
    bias[0, 1, 2] = -np.inf
    bias[0, :, :, 4] = -np.inf
    proto = model(
        f"a = Add(x, b)  s = Softmax(a)  {test}  z = Constant<value_float=0.0>()  w = Where(m, z, s)  y = Mul(w, x)",
        "float y",
    )
    proto.graph.initializer.append(onnx.numpy_helper.from_array(bias, "b"))
    x, seed = np.random.default_rng(0).standard_normal((2, 1, 3, 8, 9)).astype(np.float32)
    found = GradientSession(proto, "y").run({"x": x}, seed)["x"]
    shifted = x.astype(np.float64) + bias
    with np.errstate(invalid="ignore"):
        power = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    s = np.nan_to_num(power / power.sum(axis=-1, keepdims=True))
    exact = s * (seed * x - (seed * x * s).sum(axis=-1, keepdims=True)) + seed * s
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6)
    assert not found[0, 1, 2].any()


def test_elements_masked_after_a_softmax_are_none_of_it() -> None:
    """A condition that differs along the softmax axis hides elements, not rows: their softmax still depends on x."""
    proto = model(
        "s = Softmax(x)  o = Constant<value_float=0.0>()  m = Less(x, o)  y = Where(m, o, s)",
        "float y",
    )
    assert "MaskedSoftmax" not in [n.op_type for n in grouped(prepare(proto, ["y"]).graph, ["x", "y"]).nodes]
    x, seed = np.random.default_rng(0).standard_normal((2, 1, 3, 8, 9)).astype(np.float32)
    found = GradientSession(proto, "y").run({"x": x}, seed)["x"]
    s = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    kept = np.where(x < 0, 0, seed)
    np.testing.assert_allclose(found, s * (kept - (kept * s).sum(axis=-1, keepdims=True)), rtol=1e-4, atol=1e-6)

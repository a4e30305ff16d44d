"""Groups of nodes that are differentiated together give what their nodes would give one by one."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from rfonnx.gradient import GradientSession, prepare
from rfonnx.gradient.patterns import grouped

MODELS = {
    "MaxPoolOfRelu": "r = Relu(x)  y = MaxPool<kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]>(r)",
    "Swish": "s = Sigmoid(x)  y = Mul(x, s)",
    "HardSwish": "s = HardSigmoid<alpha=0.16666667, beta=0.5>(x)  y = Mul(s, x)",
    "Gelu": "c = Constant<value_float=1.4142135>()  h = Constant<value_float=0.5>()  o = Constant<value_float=1.0>()"
    " d = Div(x, c)  e = Erf(d)  a = Add(e, o)  m = Mul(x, a)  y = Mul(m, h)",
}


def model(body: str, outputs: str) -> onnx.ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[1,3,8,9] x) => ({outputs}) {{ {body} }}'
    return onnx.parser.parse_model(text)


@pytest.mark.parametrize("kind", MODELS)
def test_same_as_one_by_one(kind: str) -> None:
    """An inner tensor that is asked for keeps the nodes apart."""
    inner = {"MaxPoolOfRelu": "r", "Swish": "s", "HardSwish": "s", "Gelu": "m"}[kind]
    proto = model(MODELS[kind], "float y")
    joined = prepare(proto, ["y"])
    assert kind in [n.op_type for n in grouped(joined.graph, ["x", "y"]).nodes]
    apart = prepare(proto, ["y", inner])
    assert kind not in [n.op_type for n in grouped(apart.graph, ["x", "y", inner]).nodes]
    x = np.random.default_rng(0).standard_normal((1, 3, 8, 9)).astype(np.float32) * 3
    one = GradientSession(joined, "y")
    seed = np.random.default_rng(1).standard_normal(one.shape)
    other = GradientSession(apart, "y", layers=[inner])
    np.testing.assert_allclose(one.run({"x": x}, seed)["x"], other.run({"x": x}, seed)["x"], rtol=2e-5, atol=2e-6)

"""Fused operators with several outputs, against differences in float64 of what they stand for."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from gradient.reference import evaluate
from rfonnx.gradients import GradientSession

HEAD = '<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> g '
FUSED = """(float[2, 3, 4] x, float[2, 3, 4] s) => (float[2, 3, 4] y) {
    a, , , t = com.microsoft.SkipLayerNormalization<epsilon = 0.001>(x, s, w, b)
    c, , , u = com.microsoft.SkipSimplifiedLayerNormalization<epsilon = 0.001>(a, t, w)
    d = Tanh(c)  y = Mul(d, u)
}"""
PLAIN = """(double[2, 3, 4] x, double[2, 3, 4] s) => (double[2, 3, 4] y) {
    t = Add(x, s)  a = LayerNormalization<epsilon = 0.001>(t, w, b)
    u = Add(a, t)  q = Mul(u, u)  m = ReduceMean<axes = [-1]>(q)  n = Add(m, e)  r = Sqrt(n)  o = Div(u, r)  c = Mul(o, w)
    d = Tanh(c)  y = Mul(d, u)
}"""


@pytest.mark.parametrize("name", ["", "norm"], ids=["unnamed", "named"])
def test_sums_that_are_read_again(name: str) -> None:
    """A transformer's block: the sum that is normalised goes on beside what is made of it."""
    fused, plain = (onnx.parser.parse_model(HEAD + text) for text in (FUSED, PLAIN))
    for number, node in enumerate(fused.graph.node):
        node.name = name and f"{name}_{number}"
    rng = np.random.default_rng(0)
    stored = {"w": rng.standard_normal(4), "b": rng.standard_normal(4)}
    for model, dtype in ((fused, np.float32), (plain, np.float64)):
        model.graph.initializer.extend(onnx.numpy_helper.from_array(v.astype(dtype), n) for n, v in stored.items())
    plain.graph.initializer.append(onnx.numpy_helper.from_array(np.array(1e-3), "e"))
    x, s, seed, along = rng.standard_normal((4, 2, 3, 4))
    found = GradientSession(fused, "y").run({"x": x, "s": s}, seed)
    for moved in ("x", "s"):
        ahead, behind = (
            evaluate(plain, {"x": x, "s": s, moved: {"x": x, "s": s}[moved] + side * 1e-6 * along}, ["y"])[0]
            for side in (1, -1)
        )
        expected = (seed * (ahead - behind)).sum() / 2e-6
        assert (found[moved] * along).sum() == pytest.approx(expected, rel=1e-4, abs=1e-4)

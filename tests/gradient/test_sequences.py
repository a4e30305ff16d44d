"""Sequences are differentiated as what they become when they are written out by hand."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest

import rfonnx
from rfonnx.gradients import GradientSession

PLAIN_LIST = "a = Tanh(x) b = Tanh(a) c = Tanh(b) y = Concat<axis = 0>(a, b, c)"
TAPE = """
    list = SequenceEmpty<dtype = 1>()
    end, tape = Loop(three, yes, x, list) <body = body (int64 i, bool go, float[2, 5] h, seq(float[2, 5]) before)
        => (bool on, float[2, 5] next, seq(float[2, 5]) after) {
            on = Identity(go) next = Tanh(h) after = SequenceInsert(before, next)
        }>
"""

CASES = {
    "list": (TAPE + "y = ConcatFromSequence<axis = 0>(tape)", PLAIN_LIST),
    "stacked": (
        TAPE + "y = ConcatFromSequence<axis = -1, new_axis = 1>(tape)",
        "a = Tanh(x) b = Tanh(a) c = Tanh(b) u = Unsqueeze(a, last) v = Unsqueeze(b, last) w = Unsqueeze(c, last)"
        " y = Concat<axis = -1>(u, v, w)",
    ),
    "front": (
        "e = Exp(x) s = Sin(x) f = SequenceConstruct(e) g = SequenceInsert(f, s, zero) y = ConcatFromSequence<axis = 1>(g)",
        "e = Exp(x) s = Sin(x) y = Concat<axis = 1>(s, e)",
    ),
    "erased": (
        "e = Exp(x) s = Sin(x) list = SequenceConstruct(e, s, x) less = SequenceErase(list, zero) n = SequenceLength(less)"
        " p = Sub(n, three) f = SequenceAt(less, p) l = SequenceAt(less, zero) y = Div(l, f)",
        "s = Sin(x) y = Div(s, x)",
    ),
    "split": (
        "list = SplitToSequence<axis = 1, keepdims = 0>(x) a = SequenceAt(list, zero) b = SequenceAt(list, three) y = Mul(a, b)",
        "a = Gather<axis = 1>(x, zero) b = Gather<axis = 1>(x, three) y = Mul(a, b)",
    ),
    "split by two": (
        "list = SplitToSequence<axis = 1>(x, two) a = SequenceAt(list, two) b = SequenceAt(list, zero) y = Mul(a, b)",
        "k = Constant<value = int64[3] {2, 2, 1}>() b, m, a = Split<axis = 1>(x, k) y = Mul(a, b)",
    ),
    "nested": (
        """y = Loop(three, yes, x) <body = outer (int64 i, bool go, float[2, 5] h) => (bool on, float[2, 5] next) {
            on = Identity(go)
            next = Loop(two, yes, h) <body = inner (int64 j, bool more, float[2, 5] k) => (bool also, float[2, 5] last) {
                also = Identity(more) last = Sin(k)
            }>
        }>""",
        "a = Sin(x) b = Sin(a) c = Sin(b) d = Sin(c) e = Sin(d) y = Sin(e)",
    ),
}


def model(body: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["": 17]> g (float[2, 5] x) => (float y)
        <int64 zero = {{0}}, int64 two = {{2}}, int64 three = {{3}}, int64[1] last = {{-1}}, bool yes = {{1}}> {{ {body} }}"""
    )


@pytest.mark.parametrize("name", CASES)
def test_as_written_by_hand(name: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 5)).astype(np.float32)
    rewritten, plain = (model(body) for body in CASES[name])
    for made in (rewritten, plain):
        made.graph.output[0].type.tensor_type.ClearField("shape")
    session = GradientSession(plain, "y")
    seed = np.random.default_rng(1).standard_normal(session.shape).astype(np.float32)
    expected = session.run({"x": x}, seed)["x"]
    np.testing.assert_allclose(rfonnx.gradient(rewritten, {"x": x}, "y", seed)["x"], expected, rtol=1e-5, atol=1e-6)

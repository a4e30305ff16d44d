"""Outputs that follow no shift, though their access steps are regular: no fact is told, and a run shows that none would hold."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

import rfonnx

LENGTH = 24
HEAD = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> m'
SLIDES = "z = Conv(x, k)"
"""A second output that slides along the axis, so that its shifts are asked for."""

NETS = {
    "constants beside what moves": (
        f"(float[1,2,{LENGTH}] x) => (y, z) {{ {SLIDES} y = Concat<axis = 1>(x, table) }}",
        {"table": (1, 1, LENGTH)},
        "'table' treats positions differently",
    ),
    "positions that are counted": (
        f"(float[1,2,{LENGTH}] x) => (y, z) {{ {SLIDES} n = Constant<value_int = {LENGTH}>() o = Constant<value_int = 1>()"
        " nought = Constant<value_int = 0>() r = Range(nought, n, o) t = Cast<to = 1>(r) y = Add(x, t) }",
        {},
        "'r' treats positions differently",
    ),
    "features of attention": (
        f"(float[1,2,{LENGTH}] x) => (y, z) {{ {SLIDES} y = com.microsoft.MultiHeadAttention<num_heads = 2>(x, x, x) }}",
        {},
        "may weigh positions differently",
    ),
    "one position of a transposed convolution": (
        f"(float[1,2,{LENGTH}] x) => (y, z) {{ {SLIDES} t = ConvTranspose<pads = [12, 12]>(x, w) y = Squeeze(t, two) }}",
        {"w": (2, 1, 2)},
        "a fixed position is picked",
    ),
    "both axes of a product": (
        f"(float[1,2,{LENGTH}] x) => (y, z) {{ {SLIDES} t = Transpose<perm = [0, 2, 1]>(x) y = MatMul(t, x) }}",
        {},
        "moves along its axes 1, 2 together",
    ),
    "a recurrent layer": (
        f"(float[1,2,{LENGTH}] x) => (y, z) {{ {SLIDES} t = Transpose<perm = [2, 0, 1]>(x)"
        " y = LSTM<hidden_size = 2>(t, wi, wr) }",
        {"wi": (1, 8, 2), "wr": (1, 8, 2)},
        "from one end of an axis up to each position is read, as in a recurrent layer",
    ),
}  # fmt: skip


def build(body: str, weights: dict[str, tuple[int, ...]]) -> onnx.ModelProto:
    random = np.random.default_rng(0)
    model = onnx.parser.parse_model(f"{HEAD} {body}")
    values = {name: random.normal(size=shape).astype(np.float32) for name, shape in weights.items()}
    values |= {"k": np.ones((1, 2, 3), np.float32), "two": np.array([2])}
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in values.items() if name in used)
    return model


@pytest.mark.parametrize("name", NETS)
def test_no_shift_is_told_where_none_holds(name: str) -> None:
    body, weights, reason = NETS[name]
    model = build(body, weights)
    (fact,) = (fact for fact in rfonnx.analyze(model).facts["y"].shifts if fact.axis == 2)
    assert fact.period is None
    assert reason in fact.reason
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(1).normal(size=(1, 2, LENGTH + 1)).astype(np.float32)
    before, after = (session.run(["y"], {"x": x})[0] for x in (noise[..., 1:], noise[..., :-1]))
    for axis, length in enumerate(before.shape):
        if length > 6:  # moved by one along any axis, borders aside, it is not what it was
            here, there = before.take(range(2, length - 3), axis), after.take(range(3, length - 2), axis)
            assert not np.allclose(here, there, atol=1e-3)
    assert not np.allclose(before, after, atol=1e-3)


def test_an_axis_of_one_position_has_no_shift() -> None:
    model = build("(float[1,2,1] x) => (y) { y = MaxPool<kernel_shape = [3], pads = [1, 1]>(x) }", {})
    facts = rfonnx.analyze(model).facts["y"].shifts
    assert [fact.period for fact in facts if fact.axis == 2] in ([], [None])

"""Constants that onnxruntime adds when it optimises a graph, twice: as it folds the model, and as it opens the gradient."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

from gradient.reference import evaluate
from rfonnx.gradients import GradientSession
from rfonnx.model import runtime

STEPS, BATCH, WIDTH, INNER, HIDDEN, OUT = 4, 2, 3, 6, 5, 2
"""All widths differ: onnxruntime shares equal constants, and then there is nothing left that could be named twice."""


def net(kind: str, direction: str, dtype: type) -> ModelProto:
    """Linear, Tanh, a recurrent layer, Linear, Sigmoid: the linear layers are a MatMul and an Add on three axes."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    ways = 2 if direction == "bidirectional" else 1
    rng = np.random.default_rng(5)
    stored = {
        "w0": rng.standard_normal((WIDTH, INNER)),
        "b0": rng.standard_normal(INNER),
        "w": rng.standard_normal((ways, gates * HIDDEN, INNER)),
        "r": rng.standard_normal((ways, gates * HIDDEN, HIDDEN)),
        "b": rng.standard_normal((ways, 2 * gates * HIDDEN)),
        "w1": rng.standard_normal((ways * HIDDEN, OUT)),
        "b1": rng.standard_normal(OUT),
        "shape": np.array([STEPS, BATCH, -1]),
    }
    make = helper.make_node
    attrs = {"hidden_size": HIDDEN, "direction": direction, **({"linear_before_reset": 1} if kind == "GRU" else {})}
    nodes = [
        make("MatMul", ["x", "w0"], ["m0"], "m0"),
        make("Add", ["m0", "b0"], ["a0"], "a0"),
        make("Tanh", ["a0"], ["t"], "t"),
        make(kind, ["t", "w", "r", "b"], ["h"], "h", **attrs),
        make("Transpose", ["h"], ["h2"], "h2", perm=[0, 2, 1, 3]),
        make("Reshape", ["h2", "shape"], ["h3"], "h3"),
        make("MatMul", ["h3", "w1"], ["m1"], "m1"),
        make("Add", ["m1", "b1"], ["a1"], "a1"),
        make("Sigmoid", ["a1"], ["y"], "y"),
    ]
    return _model(nodes, stored, dtype)


def loop(dtype: type) -> ModelProto:
    """Linear and Tanh, before a Loop and inside it, where shapes are known once it is written out."""
    rng = np.random.default_rng(6)
    stored = {
        "w0": rng.standard_normal((WIDTH, OUT)),
        "b0": rng.standard_normal(OUT),
        "w1": rng.standard_normal((OUT, OUT)),
        "b1": rng.standard_normal(OUT),
    }
    make, elem = helper.make_node, helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    body = helper.make_graph(
        [
            make("Identity", ["go"], ["go2"]),
            make("MatMul", ["s", "w1"], ["m1"], "m1"),
            make("Add", ["m1", "b1"], ["a1"], "a1"),
            make("Tanh", ["a1"], ["s2"], "s2"),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("s", elem, None),
        ],
        [
            helper.make_tensor_value_info("go2", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("s2", elem, None),
        ],
    )
    nodes = [
        make("MatMul", ["x", "w0"], ["m0"], "m0"),
        make("Add", ["m0", "b0"], ["a0"], "a0"),
        make("Tanh", ["a0"], ["t"], "t"),
        make("Loop", ["count", "on", "t"], ["y"], "loop", body=body),
    ]
    return _model(nodes, stored | {"count": np.array(2, np.int64), "on": np.array(True)}, dtype)


def _model(nodes: list[onnx.NodeProto], stored: dict[str, np.ndarray], dtype: type) -> ModelProto:
    elem = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", elem, [STEPS, BATCH, WIDTH])],
        [helper.make_tensor_value_info("y", elem, [STEPS, BATCH, OUT])],
        [numpy_helper.from_array(v.astype(dtype) if v.dtype == np.float64 else v, n) for n, v in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


NETS = {
    f"{kind}-{direction}": (lambda dtype, kind=kind, direction=direction: net(kind, direction, dtype))
    for kind in ("GRU", "LSTM", "RNN")
    for direction in ("forward", "reverse", "bidirectional")
} | {"Loop": loop}


@pytest.mark.parametrize("saved", [False, True], ids=["as exported", "saved by onnxruntime"])
@pytest.mark.parametrize("name", NETS)
def test_linear_layers_beside_recurrent_ones_and_loops(name: str, saved: bool) -> None:
    """onnxruntime's MatMulAddFusion calls its constants "gemm_input_shape", also where there is one of that name."""
    small, exact = (NETS[name](dtype) for dtype in (np.float32, np.float64))
    if saved:
        small = runtime.optimize(small)
        assert "gemm_input_shape" in {t.name for t in small.graph.initializer}
    rng = np.random.default_rng(0)
    x, direction = rng.standard_normal((2, STEPS, BATCH, WIDTH))
    seed = rng.standard_normal((STEPS, BATCH, OUT))
    found = GradientSession(small, "y").run({"x": x}, seed)["x"]
    ahead, behind = (evaluate(exact, {"x": x + side * 1e-6 * direction}, ["y"])[0] for side in (1, -1))
    expected = (seed * (ahead - behind)).sum() / 2e-6
    scale = np.abs(seed * (ahead - behind)).sum() / 2e-6
    assert (found * direction).sum() == pytest.approx(expected, abs=1e-5 * scale)


def test_weights_that_are_outputs_or_captured_keep_their_meaning() -> None:
    """What is set apart is read under its new name everywhere: also from a subgraph, where a name of its own hides it."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
    names (float[2] x, int64 n) => (float[2] y) <float[2] w = {2, 3}> {
        go = Constant<value = bool {1}>()
        s = Loop (n, go, w) <
            body = b (int64 i, bool g, float[2] s1) => (bool g2, float[2] s2) <float[2] gemm_input_shape = {5, 7}> {
                g2 = Identity(g)  q = Add(s1, gemm_input_shape)  s2 = Add(q, w)
            }
        >
        y = Mul(x, s)
    }"""
    found = GradientSession(onnx.parser.parse_model(text), "y").run({"x": np.ones(2), "n": np.array(2)}, np.ones(2))
    np.testing.assert_allclose(found["x"], [2 + 2 * 7, 3 + 2 * 10])

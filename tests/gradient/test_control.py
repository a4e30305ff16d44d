"""Control flow, whose bodies read tensors that are no inputs of their node: forgetting those loses a gradient in silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from rfonnx.gradients import GradientError, GradientSession

MODELS = {
    "If": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        a = Tanh(x)
        y = If (c) <
            then_branch = t () => (float[4] t1) { t1 = Mul(a, w) },
            else_branch = e () => (float[4] e2) { e1 = Exp(a)  e2 = Sub(e1, x) }
        >
    }""",
    "If inside If": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        y = If (c) <
            then_branch = t () => (float[4] t1) {
                t1 = If (c) <
                    then_branch = tt () => (float[4] u) { s = Sigmoid(x) u = Mul(s, w) },
                    else_branch = te () => (float[4] v) { v = Neg(x) }
                >
            },
            else_branch = e () => (float[4] e1) { e1 = Mul(x, x) }
        >
    }""",
    "Loop": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        n = Constant<value_int=5>()  go = Constant<value = bool {1}>()
        a = Tanh(x)
        last, every = Loop (n, go, w) <
            body = b (int64 i, bool g, float[4] s) => (bool g2, float[4] s2, float[4] out) {
                g2 = Identity(g)  p = Mul(s, a)  s2 = Add(p, x)  out = Sin(s2)
            }
        >
        t = ReduceSum<keepdims=0>(every)
        y = Add(last, t)
    }""",
    "Loop that stops early": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        n = Constant<value_int=50>()  go = Constant<value = bool {1}>()  three = Constant<value_int=3>()
        y = Loop (n, go, w) <
            body = b (int64 i, bool g, float[4] s) => (bool g2, float[4] s2) {
                g2 = Less(i, three)  p = Mul(s, x)  s2 = Tanh(p)
            }
        >
    }""",
    "Loop inside Loop": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        n = Constant<value_int=2>()  go = Constant<value = bool {1}>()
        y = Loop (n, go, w) <
            body = b (int64 i, bool g, float[4] s) => (bool g2, float[4] s2) {
                g2 = Identity(g)
                k = Constant<value_int=3>()
                s2 = Loop (k, g, s) <
                    body = d (int64 j, bool h, float[4] r) => (bool h2, float[4] r2) {
                        h2 = Identity(h)  f = Cast<to=1>(j)  q = Mul(r, x)  q2 = Add(q, s)  r2 = Add(q2, f)
                    }
                >
            }
        >
    }""",
    "If inside Loop": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        n = Constant<value_int=3>()  go = Constant<value = bool {1}>()
        y = Loop (n, go, w) <
            body = b (int64 i, bool g, float[4] s) => (bool g2, float[4] s2) {
                g2 = Identity(g)
                s2 = If (c) <
                    then_branch = t () => (float[4] t1) { t1 = Mul(s, x) },
                    else_branch = e () => (float[4] e1) { e1 = Add(s, x) }
                >
            }
        >
    }""",
    "Scan": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        z = Constant<value = float {0.5}>()
        last, every = Scan <num_scan_inputs = 2, scan_input_directions = [0, 1], scan_output_directions = [1],
            body = b (float s, float p, float q) => (float s2, float out) {
                m = Mul(p, q)  t = Add(s, m)  s2 = Tanh(t)  d = ReduceMean<keepdims=0>(x)  out = Mul(s2, d)
            }
        > (z, x, w)
        y = Add(every, last)
    }""",
    "Scan inside Loop": """(float[4] x, float[4] w, bool[1] c) => (float y) {
        n = Constant<value_int=2>()  go = Constant<value = bool {1}>()
        y = Loop (n, go, w) <
            body = b (int64 i, bool g, float[4] s) => (bool g2, float[4] s2) {
                g2 = Identity(g)  z = Constant<value = float {0.0}>()
                l, s2 = Scan <num_scan_inputs = 1,
                    body = d (float u, float p) => (float u2, float out) {
                        u1 = Add(u, p)  u2 = Sin(u1)  f = ReduceMax<keepdims=0>(x)  out = Mul(u2, f)
                    }
                > (z, s)
            }
        >
    }""",
}


def _if(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    return np.tanh(x) * w if c else np.exp(np.tanh(x)) - x


def _if_inside_if(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    return w / (1 + np.exp(-x)) if c else x * x


def _loop(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    state, total = w, np.zeros(())
    for _ in range(5):
        state = state * np.tanh(x) + x
        total = total + np.sin(state).sum()
    return state + total


def _early(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    for _ in range(4):
        w = np.tanh(w * x)
    return w


def _loop_inside_loop(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    for _ in range(2):
        inner = w
        for j in range(3):
            inner = inner * x + w + j
        w = inner
    return w


def _if_inside_loop(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    for _ in range(3):
        w = w * x if c else w + x
    return w


def _scan(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    state, every = 0.5, []
    for p, q in zip(x, w[::-1], strict=True):
        state = np.tanh(state + p * q)
        every.append(state * x.mean())
    return np.array(every[::-1]) + state


def _scan_inside_loop(x: np.ndarray, w: np.ndarray, c: bool) -> np.ndarray:
    for _ in range(2):
        state, every = 0.0, []
        for p in w:
            state = np.sin(state + p)
            every.append(state * x.max())
        w = np.array(every)
    return w


IN_NUMPY: dict[str, Callable[[np.ndarray, np.ndarray, bool], np.ndarray]] = {
    "If": _if,
    "If inside If": _if_inside_if,
    "Loop": _loop,
    "Loop that stops early": _early,
    "Loop inside Loop": _loop_inside_loop,
    "If inside Loop": _if_inside_loop,
    "Scan": _scan,
    "Scan inside Loop": _scan_inside_loop,
}


def parsed(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> control {text}')


@pytest.mark.parametrize("condition", [True, False])
@pytest.mark.parametrize("kind", MODELS)
def test_captures_are_on_the_way(kind: str, condition: bool) -> None:
    x, w, seed = np.random.default_rng(0).standard_normal((3, 4))
    found = GradientSession(parsed(MODELS[kind]), "y").run({"x": x, "w": w, "c": np.array([condition])}, seed)
    exact = {"x": np.zeros(4), "w": np.zeros(4)}
    for place in range(4):
        step = np.eye(4)[place] * 1e-6
        for name, shifts in (("x", (step, 0)), ("w", (0, step))):
            ahead, behind = (
                IN_NUMPY[kind](x + sign * shifts[0], w + sign * shifts[1], condition) for sign in (1.0, -1.0)
            )
            exact[name][place] = (seed * (ahead - behind)).sum() / 2e-6
    for name in ("x", "w"):
        np.testing.assert_allclose(found[name], exact[name], rtol=2e-4, atol=1e-5)
    assert found["x"].any()


def test_unnamed_nodes_of_a_body_can_be_written_out() -> None:
    """Round by round, no two nodes may have one name."""
    model = parsed(MODELS["Loop"])
    body = next(n for n in model.graph.node if n.op_type == "Loop").attribute[0].g
    assert [n.name for n in body.node] == [""] * 4
    session = GradientSession(model, "y")
    assert session.shape == (4,)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            """(float[4] x) => (float y) {
                n = Constant<value_int=9>()  go = Constant<value = bool {1}>()  one = Constant<value_float=1.0>()
                y = Loop (n, go, x) <
                    body = b (int64 i, bool g, float[4] s) => (bool g2, float[4] s2) {
                        s2 = Mul(s, x)  m = ReduceMax<keepdims=0>(s2)  g2 = Less(m, one)
                    }
                >
            }""",
            "Loop",
        ),
        (
            """(float[4] x, bool c) => (float y) {
                z = If (c) <
                    then_branch = t () => (float[n] t1) { t1 = Identity(x) },
                    else_branch = e () => (float[m] e1) { e1 = Concat<axis=0>(x, x) }
                >
                y = ReduceSum<keepdims=0>(z)
            }""",
            "If",
        ),
    ],
    ids=["a loop whose end depends on data", "branches of different shapes"],
)
def test_what_cannot_be_written_out_is_named(text: str, what: str) -> None:
    with pytest.raises(GradientError, match=rf"\({what}\) that makes|depends on data") as caught:
        GradientSession(parsed(text), "y")
    assert "--method perturb" in str(caught.value)

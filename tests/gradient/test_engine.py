"""The engine around the rules: it checks what they emit, adds contributions, and refuses by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import pytest

from rfonnx.gradients import GradientError, GradientSession
from rfonnx.gradients import rule_table as registry
from rfonnx.gradients.answers import Gradients, Narrow
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import Rule
from rfonnx.gradients.values import Value
from rfonnx.operators.table import operator


def model(body: str, inputs: str = "float[2,3,4] x", opset: int = 17) -> onnx.ModelProto:
    return onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {opset}]> g ({inputs}) => (float y) {{ {body} }}'
    )


@pytest.fixture
def tanh_rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Lets a test put another rule in the place of Tanh's."""

    def put(function: object, **options: bool) -> None:
        monkeypatch.setattr(operator("Tanh"), "gradient", Rule(function, **options))  # type: ignore[arg-type]

    return put  # type: ignore[return-value]


def transposed(op: Op, g: Value) -> Gradients:
    return [g.transpose([0, 2, 1])]


def summed(op: Op, g: Value) -> Gradients:
    return [g.sum([1])]  # broadcasts against whatever it is added to


def flat(op: Op, g: Value) -> Gradients:
    return [g.reshape([-1])]


def narrow(op: Op, g: Value) -> Gradients:
    return [Narrow(g.slice(1, 0, 2))]


@pytest.mark.parametrize(
    ("function", "shape"), [(transposed, "2x4x3"), (summed, "2x1x4"), (flat, "24"), (narrow, "2x2x4")]
)
def test_a_rule_with_a_wrong_shape_is_named(tanh_rule, function, shape) -> None:  # type: ignore[no-untyped-def]
    """Even where it would broadcast in silence: x gets a second contribution of the right shape."""
    tanh_rule(function)
    proto = model("t = Tanh(x)  y = Add(t, x)")
    proto.graph.node[0].name = "culprit"
    with pytest.raises(GradientError) as caught:
        GradientSession(proto, "y")
    assert str(caught.value).endswith(
        f"the gradient rule of node 'culprit' (Tanh) that makes 't' gave {shape} for its input 'x', whose gradient has the shape"
        " 2x3x4; this is a fault of rfonnx, please report it; meanwhile measure it without gradients: --method perturb"
    )


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ([], "gave 0 gradients for 1 inputs"),
        (["g", "g"], "gave 2 gradients for 1 inputs"),
        ([None], "gave none for its input 'x'"),
    ],
)
def test_a_rule_with_a_wrong_number_is_named(tanh_rule, made: Sequence[str | None], text: str) -> None:  # type: ignore[no-untyped-def]
    tanh_rule(lambda op, g: [g if m else None for m in made])
    with pytest.raises(GradientError, match=rf"the gradient rule of node \(Tanh\) that makes 'y' {text}"):
        GradientSession(model("y = Tanh(x)"), "y")


def test_a_rule_that_fails_is_named(tanh_rule) -> None:  # type: ignore[no-untyped-def]
    tanh_rule(lambda op, g: [g * op.x(7)])
    with pytest.raises(
        GradientError, match=r"the gradient rule of node \(Tanh\) that makes 'y' failed \(.*--method perturb"
    ):
        GradientSession(model("y = Tanh(x)"), "y")


def test_a_broadcasting_rule_is_summed_down(tanh_rule) -> None:  # type: ignore[no-untyped-def]
    """The engine undoes broadcasting, and adds what arrives along several ways."""
    proto = model("a = Mul(x, b)  c = Add(a, x)  y = Sub(c, b)", "float[2,3,4] x, float[3,1] b")
    x, seed = np.random.default_rng(0).standard_normal((2, 2, 3, 4))
    b = np.array([[1.0], [2.0], [3.0]])
    found = GradientSession(proto, "y").run({"x": x, "b": b}, seed)
    np.testing.assert_allclose(found["x"], seed * (b + 1), rtol=1e-5)
    np.testing.assert_allclose(found["b"], (seed * (x - 1)).sum(axis=(0, 2))[:, None], rtol=1e-5)


def test_registering_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="gradient of Conv is declared twice"):
        registry.rule("Conv")(lambda op, g: [g])
    with pytest.raises(ValueError, match="gradient of Relu is declared twice"):
        registry.declare_zero("is wrong", "Relu")


def test_an_operator_without_a_rule_is_named_with_a_way_out() -> None:
    proto = model("d = Det(x)  y = Tanh(d)", "float[2,3,3] x")
    with pytest.raises(GradientError) as caught:
        GradientSession(proto, "y")
    assert str(caught.value).endswith(
        "node (Det) that makes 'd' has no gradient rule; measure it without gradients: --method perturb"
    )


def test_a_seed_on_what_only_steps_says_why() -> None:
    with pytest.raises(GradientError, match=r"node \(Round\) that makes 'y' has no gradient: it is constant between"):
        GradientSession(model("y = Round(x)"), "y")


def test_beside_the_way_operators_need_no_rule() -> None:
    """Steps and positions end a way; what does not depend on the input is never asked."""
    proto = model(
        "r = Round(x)  a = Mul(x, r)  s = Shape(x)  k = ConstantOfShape(s)  p = Mul(a, w)  y = Add(p, k)",
        "float[2,2,2] x, int64[2,2,2] n",
    )
    square = onnx.helper.make_node("Det", ["eye"], ["d"])
    proto.graph.node.insert(0, onnx.helper.make_node("Identity", ["d"], ["w"]))
    proto.graph.node.insert(0, square)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.eye(2, dtype=np.float32) * 3, "eye"))
    x = np.random.default_rng(0).standard_normal((2, 2, 2)) * 3
    found = GradientSession(proto, "y").run({"x": x}, np.ones((2, 2, 2)))
    np.testing.assert_allclose(found["x"], np.round(x) * 9, rtol=1e-6)


def test_a_second_output_that_no_rule_knows_is_refused() -> None:
    proto = model("n, m = LayerNormalization(x, w)  y = Add(n, m)", "float[2,3,4] x")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(4, np.float32), "w"))
    with pytest.raises(
        GradientError, match=r"\(LayerNormalization\) .* no gradient rule for its outputs after the first"
    ):
        GradientSession(proto, "y")


def test_lengths_that_depend_on_data_are_not_taken_from_one_run() -> None:
    """Of six numbers, those above zero: another sample keeps another number of them."""
    proto = model(
        "z = Constant<value_float=0.0>()  c = Greater(x, z)  k = Compress(x, c)  y = ReduceMean<keepdims=0>(k)",
        "float[6] x",
    )
    with pytest.raises(GradientError, match=r"the shape of tensor 'k' depends on data.*--method perturb"):
        GradientSession(proto, "y")


def test_function_bodies_of_operators_with_absent_inputs() -> None:
    """Attention goes through the specification's function body, whose optional inputs in the middle may be left out."""
    proto = model("y, pk, pv = Attention <is_causal = 1> (x, x, x, , past, past)", "float[1,2,3,4] x", opset=23)
    past = np.random.default_rng(1).standard_normal((1, 2, 2, 4)).astype(np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(past, "past"))
    x, seed = np.random.default_rng(0).standard_normal((2, 1, 2, 3, 4))

    def attention(x: np.ndarray) -> np.ndarray:
        keys = np.concatenate([past.astype(np.float64), x], axis=2)
        score = x @ keys.swapaxes(2, 3) / 2
        score = np.where(np.arange(5) > np.arange(3)[:, None] + 2, -np.inf, score)
        weight = np.exp(score - score.max(axis=-1, keepdims=True))
        return weight / weight.sum(axis=-1, keepdims=True) @ keys

    exact = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = 1e-6
        exact[place] = (seed * (attention(x + step) - attention(x - step))).sum() / 2e-6
    found = GradientSession(proto, "y").run({"x": x}, seed)["x"]
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-5)


def test_counted_padding_that_is_not_the_specifications_is_refused() -> None:
    """onnxruntime pads SAME without regard to dilation: what it divides by then is not known."""
    proto = model(
        'y = AveragePool<auto_pad="SAME_UPPER", kernel_shape=[3], strides=[2], dilations=[3], count_include_pad=1>(x)',
        "float[1,1,9] x",
        20,
    )
    with pytest.raises(GradientError, match=r"AveragePool.* it counts padding.*--method perturb"):
        GradientSession(proto, "y")

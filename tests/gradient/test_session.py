"""Running gradients: what is kept between calls, many seeds at once, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.gradients import GradientSession, cached


def model(body: str, inputs: str = "float[1,3,4] x", weights: dict[str, np.ndarray] | None = None) -> onnx.ModelProto:
    made = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g ({inputs}) => (float y) {{ {body} }}')
    made.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in (weights or {}).items())
    return made


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The tensors of the sessions that were opened, from an empty cache on."""
    made: list[str] = []
    original = GradientSession.__init__

    def counting(self: GradientSession, *args: object, **options: object) -> None:
        original(self, *args, **options)  # type: ignore[arg-type]
        made.append(self.tensor)

    monkeypatch.setattr(GradientSession, "__init__", counting)
    cached._sessions.clear()
    yield made
    cached._sessions.clear()


class TestKept:
    """`rfonnx.gradient` keeps sessions by model, tensor and shapes."""

    def test_the_same_call_opens_none(self, opened: list[str]) -> None:
        for scale in (1, 2):
            found = rfonnx.gradient(model("y = Tanh(x)"), {"x": normal(1, 3, 4)}, "y", np.full((1, 3, 4), scale))
            np.testing.assert_allclose(found["x"], scale * (1 - np.tanh(normal(1, 3, 4)) ** 2), rtol=1e-5)
        assert opened == ["y"]

    def test_another_model_tensor_or_shape_opens_one(self, opened: list[str]) -> None:
        text = "float[n,3,4] x"
        for body, tensor, batch in (
            ("a = Tanh(x)  y = Neg(a)", "y", 1),
            ("a = Tanh(x)  y = Neg(a)", "a", 1),
            ("a = Tanh(x)  y = Neg(a)", "y", 2),
            ("a = Tanh(x)  y = Abs(a)", "y", 1),
            ("a = Tanh(x)  y = Neg(a)", "y", 1),
        ):
            rfonnx.gradient(model(body, text), {"x": normal(batch, 3, 4)}, tensor, np.ones((batch, 3, 4)))
        assert opened == ["y", "a", "y", "y"]

    def test_weights_tell_models_apart(self, opened: list[str]) -> None:
        for scale in (2.0, 3.0):
            proto = model("y = Mul(x, w)", weights={"w": np.float32(scale)})
            found = rfonnx.gradient(proto, {"x": normal(1, 3, 4)}, "y", np.ones((1, 3, 4)))
            np.testing.assert_allclose(found["x"], scale)
        assert len(opened) == 2

    def test_a_file_that_changed_is_read_again(self, opened: list[str], tmp_path: Path) -> None:
        path = tmp_path / "model.onnx"
        for body, slope in (("y = Neg(x)", -1.0), ("y = Add(x, x)", 2.0)):
            onnx.save(model(body), path)
            found = rfonnx.gradient(path, {"x": normal(1, 3, 4)}, "y", np.ones((1, 3, 4)))
            np.testing.assert_allclose(found["x"], slope)
        assert len(opened) == 2

    def test_the_oldest_goes(self, opened: list[str]) -> None:
        bodies = [f"{op}_ = {op}(x)  y = Neg({op}_)" for op in ("Tanh", "Exp", "Sin", "Cos", "Erf")]
        for body in (*bodies, bodies[0]):
            rfonnx.gradient(model(body), {"x": normal(1, 3, 4)}, "y", np.ones((1, 3, 4)))
        assert len(opened) == 6
        assert len(cached._sessions) == cached._KEPT


W = {
    "w": normal(5, 3, 3, 3),
    "d": normal(3, 1, 3, 3),
    "m": normal(108, 7, seed=1),
    "p": normal(6, 18, seed=2),
    "b": normal(18, seed=3),
    "wx": normal(1, 8, 6, seed=4),
    "wh": normal(1, 8, 2, seed=5),
    "flat": np.array([1, -1]),
    "seven": np.array([1, 18, 6]),
    "heads": np.array([1, 18, 3, 2, 3]),
    "back": np.array([1, 18, 6]),
    "two": np.array([2, -1]),
    "windows": np.array([1, 3, 2, 3, 3, 2]),
    "rows": np.array([-1, 9]),
    "zero": np.array(0),
    "first": np.array([0]),
    "second": np.array([1]),
}
ATTENTION = """
    t = Reshape(x, seven)  qkv = MatMul(t, p)  q5 = Reshape(qkv, heads)  q6 = Transpose<perm=[2,0,3,1,4]>(q5)
    q = Gather<axis=0>(q6, zero)  kt = Transpose<perm=[0,1,3,2]>(q)  s = MatMul(q, kt)  a = Softmax(s)  o = MatMul(a, q)
    y = Transpose<perm=[0,2,1,3]>(o)
"""
MOVING = {
    "pointwise": "a = Tanh(x)  y = Mul(a, x)",
    "convolution": "c = Conv<pads=[1,1,1,1]>(x, w)  r = Relu(c)  y = MaxPool<kernel_shape=[2,2], strides=[2,2]>(r)",
    "depthwise": "c = Conv<group=3, strides=[2,2]>(x, d)  y = Sigmoid(c)",
    "flatten": "a = Tanh(x)  f = Flatten<axis=1>(a)  y = Gemm(f, m)",
    "reshape": "a = Tanh(x)  f = Reshape(a, flat)  y = MatMul(f, m)",
    "attention": ATTENTION,
    "windows": "a = Reshape(x, windows)  t = Transpose<perm=[0,2,4,3,5,1]>(a)  r = Reshape(t, rows)  y = Softmax(r)",
    "windows squared": (
        "a = Reshape(x, windows)  t = Transpose<perm=[0,2,4,3,5,1]>(a)  r = Reshape(t, rows)  y = Mul(r, r)"
    ),
    "batch to the end": "t = Transpose<perm=[1,2,3,0]>(x)  y = Exp(t)",
    "batch dropped": "t = Squeeze(x, first)  y = Sin(t)",
    "batch summed": "t = ReduceSum<keepdims=0>(x, first)  y = Sin(t)",
    "batch doubled": "t = Concat<axis=0>(x, x)  y = Mul(t, t)",
    "softmax over the batch": "s = Softmax<axis=0>(x)  y = Mul(s, x)",
    "split in two": "t = Reshape(x, two)  y = Mul(t, t)",
    "normalised": "r = ReduceMean(x)  c = Sub(x, r)  s = Mul(c, c)  v = ReduceMean(s)  y = Mul(c, v)",
    "channels gathered": "g = Gather<axis=1>(x, second)  y = Mul(g, g)",
    "resized": "y = Resize<mode = 'linear'>(x, , scales)",
    "cumulative": "c = CumSum(x, second)  y = Mul(c, c)",
    "recurrent": (
        "t = Reshape(x, seven)  u = Transpose<perm=[1,0,2]>(t)  l, hh, cc = LSTM<hidden_size=2>(u, wx, wh)  y = Tanh(l)"
    ),
    "fan out": "a = Tanh(x)  b2 = Exp(x)  c = Mul(a, b2)  d2 = Conv<pads=[1,1,1,1], group=3>(c, d)  y = Add(d2, a)",
    "constant beside": "s = Shape(x)  k = ConstantOfShape(s)  e = Exp(x)  y = Add(e, k)",
}


@pytest.mark.parametrize("kind", MOVING)
def test_many_seeds_are_separate_runs(kind: str) -> None:
    """Wherever a graph moves or folds its batch axis, seeds that share a forward run give what each gives alone."""
    weights = {**W, "scales": np.array([1, 1, 2, 2], np.float32)}
    read = {n for node in model(MOVING[kind].replace("'", '"'), "float[1,3,6,6] x").graph.node for n in node.input}
    proto = model(MOVING[kind].replace("'", '"'), "float[1,3,6,6] x", {n: v for n, v in weights.items() if n in read})
    made = GradientSession(proto, "y")
    x, seeds = normal(1, 3, 6, 6, seed=8), normal(9, *made.shape, seed=9)  # a full run and a single one
    together = made.run_many({"x": x}, seeds)["x"]
    assert together.shape == (9, 1, 3, 6, 6)
    for one, seed in zip(together, seeds, strict=True):
        alone = made.run({"x": x}, seed)["x"]
        np.testing.assert_allclose(one, alone, rtol=1e-5, atol=1e-5 * np.abs(alone).max())
    assert together.any()


@pytest.mark.parametrize("kind", ["pointwise", "convolution", "flatten", "attention", "batch to the end", "fan out"])
def test_the_usual_graphs_share_their_forward_run(kind: str) -> None:
    proto = model(MOVING[kind], "float[1,3,6,6] x", W)
    assert GradientSession(proto, "y").shared


def test_layers_on_the_way_with_many_seeds() -> None:
    proto = model("a = Tanh(x)  f = Flatten<axis=1>(a)  g = Gemm(f, m)  y = Sin(g)", "float[1,3,6,6] x", {"m": W["m"]})
    made = GradientSession(proto, "y", layers=["a", "g"])
    x, seeds = normal(1, 3, 6, 6), normal(2, 1, 7)
    together = made.run_many({"x": x}, seeds)
    assert {n: v.shape for n, v in together.items()} == {"x": (2, 1, 3, 6, 6), "a": (2, 1, 3, 6, 6), "g": (2, 1, 7)}
    for index, seed in enumerate(seeds):
        for name, value in made.run({"x": x}, seed).items():
            np.testing.assert_allclose(together[name][index], value, rtol=1e-5, atol=1e-6)


def half(element: int) -> onnx.ModelProto:
    """Three 3x3 convolutions of 32 channels, whose gradients add up 288 products each."""
    dtype = helper.tensor_dtype_to_np_dtype(element)
    rng = np.random.default_rng(0)
    nodes, stored, last = [], [], "x"
    for index in range(3):
        weight = rng.standard_normal((32, 32, 3, 3)) * np.sqrt(1 / 288)
        stored.append(numpy_helper.from_array(weight.astype(np.float16).astype(dtype), f"w{index}"))
        nodes += [helper.make_node("Conv", [last, f"w{index}"], [f"c{index}"], pads=[1, 1, 1, 1])]
        nodes += [helper.make_node("Tanh", [f"c{index}"], [f"t{index}"])]
        last = f"t{index}"
    ends = [helper.make_tensor_value_info(n, element, s) for n, s in (("x", [1, 32, 8, 8]), (last, None))]
    graph = helper.make_graph(nodes, "half", ends[:1], ends[1:], stored)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def test_half_precision_is_accumulated_in_single() -> None:
    """Its error is that of the rounded forward values; seeds far below the least half-precision number come through whole."""
    rng = np.random.default_rng(1)
    x, seed = rng.standard_normal((1, 32, 8, 8)).astype(np.float16), rng.standard_normal((1, 32, 8, 8))
    low, wide = (
        GradientSession(half(element), "t2").run({"x": x}, seed)["x"]
        for element in (TensorProto.FLOAT16, TensorProto.FLOAT)
    )
    assert low.dtype == np.float32
    error = np.linalg.norm(low - wide) / np.linalg.norm(wide)
    assert error < 2e-3  # half precision rounds by 5e-4
    tiny = GradientSession(half(TensorProto.FLOAT16), "t2").run({"x": x}, seed * 1e-12)["x"]
    np.testing.assert_allclose(tiny * 1e12, low, rtol=1e-4, atol=1e-6)


class TestRefused:
    """What is wrong is said, with what was expected."""

    def test_inputs(self) -> None:
        made = GradientSession(model("y = Mul(x, mask)", "float[1,3,4] x, float[1,3,4] mask"), "y")
        x, seed = normal(1, 3, 4), np.ones((1, 3, 4))
        with pytest.raises(QueryError, match=r"input 'mask' is missing; did you mean 'masks'\?"):
            made.run({"x": x, "masks": x}, seed)
        with pytest.raises(ShapeError, match=r"input 'mask' has shape 3x4, expected 1x3x4"):
            made.run({"x": x, "mask": x[0]}, seed)

    @pytest.mark.parametrize("shape", [(3, 4), (1, 3, 5), (), (2, 1, 3, 4)])
    def test_seeds_of_another_shape(self, shape: tuple[int, ...]) -> None:
        made = GradientSession(model("y = Tanh(x)"), "y")
        with pytest.raises(ShapeError, match=r"the seed has shape .*, but tensor 'y' has 1x3x4"):
            made.run({"x": normal(1, 3, 4)}, np.ones(shape))
        with pytest.raises(ShapeError, match=r"the seeds have shape .*, but tensor 'y' has 1x3x4"):
            made.run_many({"x": normal(1, 3, 4)}, np.ones((1, *shape, 1)))

    def test_other_element_types_are_converted(self) -> None:
        made = GradientSession(model("y = Tanh(x)"), "y")
        x = np.arange(12).reshape(1, 3, 4) - 5
        whole = made.run({"x": x}, np.full((1, 3, 4), 2))["x"]
        np.testing.assert_allclose(whole, 2 * (1 - np.tanh(x) ** 2), rtol=1e-4, atol=1e-6)
        assert whole.dtype == np.float32
        assert not made.run({"x": x}, np.zeros((1, 3, 4), bool))["x"].any()

    def test_a_tensor_that_is_not_there(self) -> None:
        with pytest.raises(QueryError, match=r"tensor 'conv1' is not in the model; did you mean 'conv_1'\?"):
            GradientSession(model("conv_1 = Tanh(x)  y = Neg(conv_1)"), "conv1")

    def test_a_tensor_that_no_input_reaches(self) -> None:
        with pytest.raises(QueryError, match=r"no differentiable path leads from tensor 'k' to x"):
            GradientSession(model("s = Shape(x)  k = ConstantOfShape(s)  y = Add(x, k)"), "k")

    def test_a_tensor_of_integers(self) -> None:
        with pytest.raises(ModelError, match=r"tensor 's' holds int64, which has no gradient"):
            GradientSession(model("s = Shape(x)  f = Cast<to=1>(s)  y = ReduceSum(f)"), "s")

    def test_weights_that_are_not_there(self, tmp_path: Path) -> None:
        proto = model("y = Mul(x, w)", weights={"w": normal(1, 3, 4)})
        path = tmp_path / "model.onnx"
        onnx.save(proto, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
        found = rfonnx.gradient(path, {"x": normal(1, 3, 4)}, "y", np.ones((1, 3, 4)))["x"]
        np.testing.assert_allclose(found, normal(1, 3, 4))
        (tmp_path / "weights.bin").unlink()
        with pytest.raises(
            ModelError, match=r"model.onnx: the weights of 'w' are missing: .*put the file beside the model"
        ):
            GradientSession(path, "y")


def test_inputs_beside_the_way() -> None:
    """An input that the tensor does not depend on is not wanted; its gradient is zero."""
    proto = model("a = Tanh(x)  b = Exp(z)  y = Add(a, b)", "float[1,3,4] x, float[1,3,4] z, int64[2] n")
    made = GradientSession(proto, "a")
    assert set(made.inputs) == {"x"}
    found = made.run({"x": normal(1, 3, 4)}, np.ones((1, 3, 4)))
    assert found["x"].all()
    assert found["z"].shape == (1, 3, 4)
    assert not found["z"].any()


def test_nan_and_infinity_come_through() -> None:
    """They are the caller's to count: a gradient never hides them."""
    made = GradientSession(model("a = Sqrt(x)  y = Mul(a, x)"), "y")
    x = np.ones((1, 3, 4), np.float32)
    x[0, 0, :3] = [np.nan, -1, np.inf]
    found = made.run({"x": x}, np.ones((1, 3, 4)))["x"]
    assert not np.isfinite(found[0, 0, :3]).any()
    np.testing.assert_allclose(found[0, 0, 3], 1.5)
    np.testing.assert_allclose(found[0, 1:], 1.5)


def test_a_pole_is_not_hidden() -> None:
    found = GradientSession(model("y = Sqrt(x)"), "y").run({"x": np.zeros((1, 3, 4))}, np.ones((1, 3, 4)))["x"]
    assert np.isposinf(found).all()

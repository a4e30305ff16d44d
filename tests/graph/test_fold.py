"""Constants: which they are, what they hold, and that large ones are never made."""

import tracemalloc

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from rfonnx.errors import ModelError
from rfonnx.model.building import fold
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g (float[2,3,8,6] x) => (float[?] y) '


def parse(body):
    model = onnx.parser.parse_model(HEAD + body)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return model


def test_shape_arithmetic_of_a_torchscript_resize():
    """Shape -> Gather -> arithmetic -> Concat -> Resize, as exporters write it."""
    graph = load(
        parse("""<int64 two = {2}, int64 three = {3}, int64[1] axis = {0}, float half = {0.5}> {
        s = Shape(x) h = Gather(s, two) w = Gather(s, three)
        hf = Cast<to=1>(h) h2 = Mul(hf, half) hi = Floor(h2) hn = Cast<to=7>(hi)
        w2 = Div(w, two) hu = Unsqueeze(hn, axis) wu = Unsqueeze(w2, axis) n = Constant<value = int64[2] {2, 3}>()
        sizes = Concat<axis=0>(n, hu, wu) y = Resize(x, , , sizes) }""")
    )
    np.testing.assert_array_equal(graph.value("sizes"), [2, 3, 4, 3])
    assert graph.shapes["y"] == (2, 3, 4, 3)
    assert "y" not in graph.constants
    assert graph.value("y") is None
    assert {"s", "h", "hn", "sizes", "two"} <= graph.constants


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ("y = ConstantOfShape<value = int32[1] {7}>(s)", np.full((2, 3), 7, np.int32)),
        ("y = ConstantOfShape(s)", np.zeros((2, 3), np.float32)),
        ("y = Reshape(a, k)", [[1, 2], [3, 4], [5, 6]]),
        ("y = Reshape<allowzero = 1>(e, z)", np.zeros((0, 4))),
        ("y = Unsqueeze(b, u)", [[[[7]], [[8]]]]),
        ("t = Unsqueeze(a, u) y = Squeeze(t)", [[1, 2, 3], [4, 5, 6]]),
        ("y = Flatten<axis = 0>(a)", [[1, 2, 3, 4, 5, 6]]),
        ("t = Identity(a) y = Flatten<axis = 2>(t)", [[1], [2], [3], [4], [5], [6]]),
    ],
)
def test_another_shape_is_a_view(node, value, monkeypatch):
    """No node is run for what comes in another shape alone, and nothing is copied; onnx's evaluator gives the same values."""
    stored = """<int64[2] s = {2, 3}, float[2,3] a = {1, 2, 3, 4, 5, 6}, int64[2] k = {3, -1}, float[0] e = {},
        int64[2] z = {0, 4}, float[2,1] b = {7, 8}, int64[2] u = {0, -1}>""".replace("k = {0, -1}", "k = {3, -1}")
    model = parse(f"{stored} {{ {node} }}")
    evaluated = ReferenceEvaluator(model).run(None, {"x": np.zeros((2, 3, 8, 6), np.float32)})[0]
    monkeypatch.setattr(fold, "run_node", None)
    made = load(model).value("y")
    assert made.dtype == evaluated.dtype
    np.testing.assert_array_equal(made, evaluated, strict=True)
    np.testing.assert_array_equal(made, value)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("{ y = Shape(x) }", [2, 3, 8, 6]),
        ("{ y = Shape<start=1, end=-1>(x) }", [3, 8]),
        ("{ y = Size(x) }", 288),
        ("{ y = Constant<value_ints = [1, 2]>() }", [1, 2]),
        ("{ y = Constant<value_float = 2.5>() }", 2.5),
        ("<float[2] a = {1, 2}, float[2,1] b = {3, 4}> { y = Add(a, b) }", [[4, 5], [5, 6]]),
        ("<float[3] a = {0, 2, 3}> { y = NonZero(a) }", [[1, 2]]),
        ("{ s = Shape<start=2>(x) y = ConstantOfShape<value = float[1] {7}>(s) }", np.full((8, 6), 7)),
        ("<float[3] a = {3, 1, 2}, int64[1] k = {2}> { v, y = TopK(a, k) }", [0, 2]),
        ("{ f = Flatten<axis=2>(x) s = Slice(f, o, t) y = EyeLike<dtype=1>(s) }", np.eye(4, 48)),
        ("<bool[2] c = {1, 0}, int64[2] a = {1, 2}, int64[2] b = {3, 4}> { y = Where(c, a, b) }", [1, 4]),
    ],
)
def test_values(body, value):
    model = parse(body)
    if "o, t" in body:
        model.graph.initializer.extend(
            [numpy_helper.from_array(np.array([1]), "o"), numpy_helper.from_array(np.array([5]), "t")]
        )
    graph = load(model)
    assert "y" in graph.constants
    np.testing.assert_array_equal(graph.value("y"), value)
    assert graph.shapes["y"] == np.shape(value)


def test_size_known_only_by_its_value_goes_on():
    graph = load(parse("<float[3] a = {0, 2, 3}> { i = NonZero(a) t = Transpose(i) y = Gather(x, t) }"))
    assert graph.shapes["t"] == (2, 1)


def test_values_that_no_one_can_know():
    graph = load(parse("{ y = RandomNormalLike(x) r = RandomUniform<shape = [2]>() b = Neg(r) }"))
    assert {"y", "r", "b"} <= graph.constants
    assert graph.value("y") is graph.value("r") is graph.value("b") is None
    assert graph.shapes["b"] == (2,)


def test_shape_of_data_dependent_length_is_no_constant_but_its_known_part_is():
    graph = load(
        parse("""<int64 zero = {0}, int64 one = {1}, int64[1] first = {0}, int64[1] minus = {-1}> {
        i = NonZero(x) t = Transpose(i) f = Cast<to=1>(t) s = Shape(f) n = Gather(s, zero) w = Gather(s, one)
        n1 = Unsqueeze(n, first) w1 = Unsqueeze(w, first) d = Mul(w, one) d1 = Unsqueeze(d, first)
        wide = Concat<axis=0>(n1, first, w1) y = Reshape(f, wide) flat = Concat<axis=0>(minus, d1) back = Reshape(y, flat)
        e = Expand(f, s) c = ConstantOfShape(s) }""")
    )
    assert graph.shapes["f"] == (None, 4)
    assert {"w", "w1", "d1"} <= graph.constants
    assert not {"s", "n", "n1", "wide"} & graph.constants
    assert graph.value("d1").tolist() == [4]
    assert graph.shapes["back"] == graph.shapes["e"] == graph.shapes["c"] == (None, 4)
    assert graph.shapes["y"] == (None, 4, 4)  # the 0 between takes the length of f


def test_large_constants_are_judged_by_their_shape():
    body = "{ a = ConstantOfShape(s) b = Neg(a) h = Shape(b) y = Reshape(x, z) r = Slice(b, i, j) }"
    model = parse(f"<int64[2] s = {{1000000, 1000000}}> {body}")
    for name, value in {"z": [-1], "i": [0], "j": [2]}.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    tracemalloc.start()
    try:
        graph = load(model)
        assert graph.value("a") is None
        assert graph.value("b") is None
        assert graph.value("r") is None  # small, but made of what is not there
        np.testing.assert_array_equal(graph.value("h"), [10**6, 10**6])
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert graph.shapes["r"] == (2, 10**6)


def test_slow_operators_are_not_run_on_large_constants():
    shapes = "<int64[4] s = {1, 8, 64, 64}, int64[4] k = {8, 8, 3, 3}>"
    model = parse(f"{shapes} {{ a = ConstantOfShape(s) w = ConstantOfShape(k) y = Conv(a, w) }}")
    graph = load(model)
    assert "y" in graph.constants
    assert graph.value("y") is None
    assert graph.value("a").shape == (1, 8, 64, 64)


def test_a_long_chain_of_constants():
    lines = " ".join(f"t{i + 1} = Add(t{i}, t0)" for i in range(5000))
    graph = load(parse(f"<int64 t0 = {{1}}> {{ {lines} y = Identity(t5000) }}"))
    assert graph.value("y") == 5001


def test_initializer_that_does_not_hold_what_it_says():
    model = parse("<float[3] a = {0, 2, 3}> { y = Identity(a) }")
    model.graph.initializer[0].dims[0] = 5
    graph = load(model)
    with pytest.raises(ModelError, match=r"the data of tensor 'a' does not fit its shape \[5\]"):
        graph.value("a")


def test_sparse_initializers_are_constants_without_a_value():
    model = parse("{ y = Add(x, a) }")
    values = helper.make_tensor("a", TensorProto.FLOAT, [1], [5.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [2])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [6]))
    graph = load(model)
    assert (graph.shapes["a"], graph.value("a")) == ((6,), None)


def test_text_is_not_matched_against_a_strangers_pattern():
    model = parse('{ y = RegexFullMatch<pattern = "(a+)+b">(t) }')
    model.opset_import[0].version = 20
    model.graph.initializer.append(helper.make_tensor("t", TensorProto.STRING, [1], [b"a" * 64]))
    assert load(model).value("y") is None


def test_values_cannot_be_changed_by_who_asks():
    value = load(parse("<float[2] a = {1, 2}, float[2] b = {3, 4}> { y = Add(a, b) }")).value("y")
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 9


def test_large_values_are_dropped_after_use():
    model = parse(
        "<int64[1] s = {1000000}> { a = ConstantOfShape<value = int64[1] {2}>(s) b = Add(a, a) y = Mul(b, b) }"
    )
    graph = load(model)
    tracemalloc.start()
    try:
        assert graph.value("y")[-1] == 16
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
    assert graph.value("b")[-1] == 4


def test_a_chain_of_large_constants_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(fold, "MAX_TOTAL", 300_000)
    lines = " ".join(f"t{i + 1} = Add(t{i}, t0)" for i in range(20))
    graph = load(parse(f"<int64[1] s = {{100000}}> {{ t0 = ConstantOfShape(s) {lines} y = Identity(t20) }}"))
    assert graph.value("y") is None
    assert graph.value("t1").size == 100_000


def test_operators_that_could_run_for_hours_are_not_run():
    equation = "ab,cd,ef,gh->a"
    inputs = " ".join(f"t{i} = ConstantOfShape(s)" for i in range(4))
    graph = load(parse(f'<int64[2] s = {{50, 50}}> {{ {inputs} y = Einsum<equation = "{equation}">(t0, t1, t2, t3) }}'))
    assert "y" in graph.constants
    assert graph.value("y") is None


def test_computed_scalars_stay_scalars_for_shape_inference():
    """DFT refuses an axis of shape (1), which an Identity of a scalar must not become."""
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 20]> g (float[3,1,5,1] x) => (float[?,?,?,?] y) <int64 a = {2}> '
        "{ k = Identity(a) y = DFT(x, , k) }"
    )
    assert load(model).shapes["y"] == (3, 1, 5, 2)

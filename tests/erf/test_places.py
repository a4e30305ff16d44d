"""Which tensor, axes and unit are chosen, on nets of all layouts; what each unit sees is found by running."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.effective.settings import Settings
from rfonnx.effective.subject import Subject, choose_units, open_subject
from rfonnx.model import runtime

HEAD = "a = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>(x, w_8_3_3_3) r = Tanh(a)"
SEEN = f"(float[1, 3, 16, 16] x) => (float[1, 10] y) {{ {HEAD}"
MAP, IMAGE = (0, None, 4, 4), (2, 3)

NETS: dict[str, tuple[str, tuple[int, ...], str, tuple[int | None, ...]]] = {
    # text, axes of the map, the default tensor, its unit in the middle
    "(N, C, H, W)": (f"(float[1, 3, 16, 16] x) => (float[1, 12, 8, 8] y) {{ {HEAD} y = Conv(r, w_12_8_1_1) }}", IMAGE, "y", MAP),
    "(N, H, W, C)": (
        """(float[1, 16, 16, 3] x) => (float[1, 8, 8, 12] y) { t = Transpose<perm = [0, 3, 1, 2]>(x)
        a = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>(t, w_12_3_3_3) y = Transpose<perm = [0, 2, 3, 1]>(a) }""",
        (1, 2), "y", (0, 4, 4, None),
    ),
    "(N, T, classes)": (
        """(float[1, 60, 5] x) => (float[1, 20, 12] y) { t = Transpose<perm = [0, 2, 1]>(x)
        a = Conv<pads = [1, 1], strides = [3]>(t, w_8_5_3) u = Transpose<perm = [0, 2, 1]>(a) y = MatMul(u, w_8_12) }""",
        (1,), "y", (0, 10, None),
    ),
    "(T, N, classes)": (
        """(float[1, 3, 16, 40] x) => (float[20, 1, 12] y) { a = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>(x, w_8_3_3_3)
        m = MaxPool<kernel_shape = [8, 1]>(a) s = Squeeze(m, i_2) t = Transpose<perm = [2, 0, 1]>(s) y = MatMul(t, w_8_12) }""",
        IMAGE, "y", (10, 0, None),
    ),
    "(T, N, classes), time recurrent both ways": (
        """(float[20, 1, 5] x) => (float[20, 1, 12] y) { h, hl = GRU<hidden_size = 6, direction = "bidirectional">(x, w_2_18_5,
        w_2_18_6) p = Transpose<perm = [0, 2, 1, 3]>(h) s = Reshape(p, i_20_1_12) y = MatMul(s, w_12_12) }""",
        (0,), "y", (10, None, None),
    ),
    "(T, N, classes), time recurrent": (
        """(float[20, 1, 5] x) => (float[20, 1, 12] y) { h, hl = GRU<hidden_size = 6>(x, w_1_18_5, w_1_18_6)
        s = Squeeze(h, i_1) y = MatMul(s, w_6_12) }""",
        (0,), "y", (10, 0, None),
    ),
    "(N, anchors, numbers)": (
        f"""(float[1, 3, 16, 16] x) => (float[1, 80, 9] y) {{ {HEAD} c = Conv(r, w_9_8_1_1) f = Reshape(c, i_1_9_64)
        g = Transpose<perm = [0, 2, 1]>(f) b = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>(r, w_9_8_3_3)
        k = Reshape(b, i_1_9_16) l = Transpose<perm = [0, 2, 1]>(k) y = Concat<axis = 1>(g, l) }}""",
        IMAGE, "y", (0, 74, None),
    ),
    "pool, then a convolution": (f"{SEEN} p = GlobalAveragePool(r) c = Conv(p, w_10_8_1_1) y = Flatten(c) }}", IMAGE, "r", MAP),
    "pool of a window over all": (
        f"""{SEEN} p = AveragePool<kernel_shape = [8, 8]>(r) c = Conv(p, w_16_8_1_1) h = HardSwish(c) f = Flatten(h)
        y = Gemm<transB = 1>(f, w_10_16) }}""",
        IMAGE, "r", MAP,
    ),
    "pool, then Gemm": (
        f"{SEEN} p = GlobalAveragePool(r) f = Flatten(p) y = Gemm<transB = 1>(f, w_10_8) }}", IMAGE, "r", MAP,
    ),
    "mean, then Gemm": (
        f"{SEEN} p = ReduceMean<axes = [2, 3], keepdims = 0>(r) y = Gemm<transB = 1>(p, w_10_8) }}", IMAGE, "r", MAP,
    ),
    "a convolution over all": (f"{SEEN} c = Conv(r, w_10_8_8_8) y = Flatten(c) }}", IMAGE, "r", MAP),
    "flattened with its channels": (f"{SEEN} f = Flatten(r) y = Gemm<transB = 1>(f, w_10_512) }}", IMAGE, "r", MAP),
    "a gate before the pool": (
        f"""{SEEN} g = GlobalAveragePool(r) gc = Conv(g, w_8_8_1_1) gs = Sigmoid(gc) q = Mul(r, gs) p = GlobalAveragePool(q)
        f = Flatten(p) y = Gemm<transB = 1>(f, w_10_8) }}""",
        IMAGE, "q", MAP,
    ),
    "a number": (f"(float[1, 3, 16, 16] x) => (float y) {{ {HEAD} y = ReduceMean<keepdims = 0>(r) }}", IMAGE, "r", MAP),
    "tokens": (
        """(float[1, 16, 12] x) => (float[1, 16, 30] y) { q = MatMul(x, w_12_12) k = Transpose<perm = [0, 2, 1]>(q)
        s = MatMul(x, k) p = Softmax<axis = -1>(s) v = MatMul(p, x) u = Add(x, v) y = MatMul(u, w_12_30) }""",
        (1,), "y", (0, 8, None),
    ),
    "classes of numbers": (
        "(float[1, 20] x) => (float[1, 10] y) { a = Gemm(x, w_20_16) b = Tanh(a) y = Gemm(b, w_16_10) }",
        (1,), "y", (0, None),
    ),
}  # fmt: skip


def model(name: str) -> onnx.ModelProto:
    """Names of constants tell their shapes, or their values."""
    made = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> g {NETS[name][0]}')
    rng = np.random.default_rng(1)
    for constant in dict.fromkeys(i for node in made.graph.node for i in node.input if i[:2] in ("w_", "i_")):
        numbers = [int(n) for n in constant.split("_")[1:]]
        shape = numbers if constant.startswith("w") else []
        value = rng.standard_normal(shape).astype(np.float32) * 0.3 if shape else np.array(numbers, np.int64)
        made.graph.initializer.append(onnx.numpy_helper.from_array(value, constant))
    return made


def opened(name: str) -> Subject:
    return open_subject(model(name), Settings())


def seen(name: str, tensor: str, axes: tuple[int, ...]) -> np.ndarray:
    """Whether a place of the input moves an element of the tensor: (*lengths of the map, *shape of the tensor)."""
    traced = model(name)
    del traced.graph.output[:]
    traced.graph.output.add(name=tensor)
    session = runtime.open_session(traced, level="none")
    rng = np.random.default_rng(2)
    shape = tuple(d.dim_value for d in traced.graph.input[0].type.tensor_type.shape.dim)
    found: list[np.ndarray] = []
    x = rng.standard_normal(shape).astype(np.float32)
    before = runtime.run(session, None, {"x": x})[0]
    places = list(itertools.product(*(range(shape[axis]) for axis in axes)))
    for place in places:
        index = tuple(place[axes.index(a)] if a in axes else slice(None) for a in range(len(shape)))
        moved = np.zeros(before.shape, bool)
        for size in (1.0, -1.0, 4.0):
            other = x.copy()
            other[index] += size * rng.standard_normal(other[index].shape).astype(np.float32)
            moved |= runtime.run(session, None, {"x": other})[0] != before
        found.append(moved)
    return np.array(found).reshape(*(shape[axis] for axis in axes), *before.shape)


@pytest.mark.parametrize("name", NETS)
def test_what_is_chosen(name: str) -> None:
    _, axes, tensor, position = NETS[name]
    (unit,) = choose_units(opened(name), None, "center", [], Settings())
    assert (unit.place.axes, unit.tensor, unit.position) == (axes, tensor, position)


@pytest.mark.parametrize("tensor", ["the default", "y"])
@pytest.mark.parametrize("name", NETS)
def test_summed_axes_see_the_same_and_units_what_they_say(name: str, tensor: str) -> None:
    axes = NETS[name][1]
    (unit,) = choose_units(opened(name), None if tensor == "the default" else tensor, "center", [], Settings())
    moved = seen(name, unit.tensor, axes)
    own = moved[(..., *(slice(None) if p is None else p for p in unit.position))]
    summed = tuple(range(len(axes), own.ndim))
    assert (own.all(summed) == own.any(summed)).all(), "along a summed axis all see the same places"
    for axis, (lo, hi) in enumerate(unit.field):
        others = tuple(a for a in range(own.ndim) if a != axis)
        places = np.flatnonzero(own.any(others))
        assert (places[0], places[-1]) == (lo, hi)


@pytest.mark.parametrize("at", [0.0, 7.0, 19.0])
def test_time_chooses_the_step_and_the_channel_the_class(at: float) -> None:
    for name in ("(T, N, classes), time recurrent", "(T, N, classes), time recurrent both ways"):
        result = rfonnx.erf(model(name), "y", at=(at,), channel=3, n=2)
        assert result.position[0] == int(at)
        assert result.position[2] == 3
        assert result.map.shape == (20,)


def test_classes_are_a_channel() -> None:
    with pytest.raises(rfonnx.RfonnxError, match="has no channel 12"):
        rfonnx.erf(model("(T, N, classes)"), "y", channel=12, n=1)
    assert rfonnx.erf(model("classes of numbers"), channel=9, n=1).position == (0, 9)

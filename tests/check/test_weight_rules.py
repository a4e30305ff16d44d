"""Rules on weights: each on nets that break it and on near misses; the truth from runs and from numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
import small_nets
from checked import found, net, run, status

node = helper.make_node
DRAW = np.random.default_rng(0).standard_normal


def draw(*shape: int) -> np.ndarray:
    return DRAW(shape).astype("f")


def without(weights: np.ndarray, *index: object) -> np.ndarray:
    weights = weights.copy()
    weights[index] = 0
    return weights


def convolution(weights: np.ndarray, op_type: str = "Conv", **attributes: object) -> onnx.ModelProto:
    channels = weights.shape[0] if op_type == "ConvTranspose" else weights.shape[1] * int(attributes.get("group", 1))  # type: ignore[call-overload]
    return net([node(op_type, ["x", "w"], ["y"], "layer", **attributes)], (1, channels, 6, 6), {"w": weights})


def product(weights: np.ndarray, **attributes: object) -> onnx.ModelProto:
    op_type = "Gemm" if attributes else "MatMul"
    rows = weights.shape[1] if attributes.get("transB") else weights.shape[0]
    return net([node(op_type, ["x", "w"], ["y"], "layer", **attributes)], (2, rows), {"w": weights})


def decoded(stored: np.ndarray) -> onnx.ModelProto:
    weights = {"q": stored, "s": np.array(0.1, "f"), "z": np.array(3, "i1")}
    nodes = [node("DequantizeLinear", ["q", "s", "z"], ["w"]), node("MatMul", ["x", "w"], ["y"], "layer")]
    return net(nodes, (2, stored.shape[0]), weights)


FILTERS = {
    "a filter": (convolution(without(draw(4, 3, 3, 3), 1)), 1, 0),
    "two filters": (convolution(without(draw(4, 3, 3, 3), slice(2, 4))), 2, 0),
    "a tap of all": (convolution(without(draw(4, 3, 3, 3), ..., 1)), 0, 0),
    "an input channel": (convolution(without(draw(4, 3, 3, 3), slice(None), 1)), 0, 1),
    "an input channel of one group": (convolution(without(draw(4, 2, 3, 3), slice(0, 2), 1), group=2), 0, 1),
    "all of it": (convolution(draw(4, 3, 3, 3) * 0), 4, 0),
    "of a transposed convolution": (convolution(without(draw(3, 4, 3, 3), slice(None), 1), "ConvTranspose"), 1, 0),
    "an input of a transposed one": (convolution(without(draw(3, 4, 3, 3), 1), "ConvTranspose"), 0, 1),
    "in the second group": (convolution(without(draw(4, 2, 3, 3), slice(2, 4), 1), "ConvTranspose", group=2), 1, 0),
    "a column": (product(without(draw(5, 7), slice(None), 2)), 1, 0),
    "a row": (product(without(draw(5, 7), 2)), 0, 1),
    "a row that is a column": (product(without(draw(5, 7), 2), transB=1), 1, 0),
    "decoded": (decoded(np.where(np.arange(12).reshape(3, 4) % 4 == 2, 3, 9).astype("i1")), 1, 0),
    "not decoded": (decoded(np.where(np.arange(12).reshape(3, 4) % 4 == 2, 0, 9).astype("i1")), 0, 0),
}


@pytest.mark.parametrize("case", FILTERS)
def test_filters_that_are_all_zero(case: str, tmp_path: Path) -> None:
    model, dead, unread = FILTERS[case]
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    ys = [run(model, x=draw(*shape))[0] for _ in range(2)]
    axes = tuple(i for i in range(ys[0].ndim) if i != 1)
    assert int((np.abs(ys).max(axis=0) < 1e-5).all(axis=axes).sum()) == dead
    x = draw(*shape)
    moved = [without(x, slice(None), channel) for channel in range(shape[1])]
    same = [np.allclose(run(model, x=x)[0], run(model, x=other)[0], atol=1e-5) for other in moved]
    assert sum(same) == (unread if dead < ys[0].shape[1] else shape[1])
    said = found(model, tmp_path, "no-zero-filters")
    told = [f.message.split(" of node")[0] for f in said if f.status == "fail"]
    expected = [f"{dead} of the {ys[0].shape[1]} filters"] * bool(dead)
    assert told == expected + [f"{unread} of the {shape[1]} input channels"] * bool(unread)
    assert told or {f.status for f in said} == {"pass"}


def test_a_channel_without_its_own_filter_is_told_once(tmp_path: Path) -> None:
    """One filter per channel: what a dead one does not read, nothing reads."""
    model = convolution(without(draw(3, 1, 3, 3), 1), group=3)
    x = draw(*[d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim])
    (y,) = run(model, x=x)
    assert [bool(y[:, channel].any()) for channel in range(3)] == [True, False, True]
    assert np.array_equal(run(model, x=without(x, slice(None), 1))[0], y)
    (said,) = [f for f in found(model, tmp_path, "no-zero-filters") if f.status == "fail"]
    assert said.message.startswith("1 of the 3 filters")


def test_filters_of_other_models(tmp_path: Path, models: Path) -> None:
    assert status(net([node("Relu", ["x"], ["y"])], (2, 8)), tmp_path, "no-zero-filters") == "skip"
    assert {f.status for f in rfonnx.check(models / "unet.onnx", ["no-zero-filters"]).findings} == {"pass"}


def test_weights_that_are_absent_are_not_judged(tmp_path: Path) -> None:
    model = convolution(without(draw(40, 3, 3, 3), 1))
    tensor = model.graph.initializer[0]
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    for rule in ("no-zero-filters", "no-denormal-weights", "weights-stored-once"):
        (said,) = found(model, tmp_path, rule)  # asked for by name
        assert (said.status, "were not looked at" in said.message) == ("fail", True)
    (tmp_path / "weights.bin").write_bytes(data)
    assert status(model, tmp_path, "no-zero-filters") == "fail"


def test_weights_that_nothing_reads(tmp_path: Path) -> None:
    weights = {"w": draw(8, 8), "lost": draw(300), "small": draw(3)}
    model = net([node("MatMul", ["x", "w"], ["y"])], (2, 8), weights)
    (said,) = found(model, tmp_path, "weights-used")
    assert (said.status, said.tensor, "1,200 bytes" in said.message) == ("fail", "lost", True)
    assert [f.tensor for f in found(model, tmp_path, "weights-used", 1)] == ["lost", "small"]
    x = draw(2, 8)
    cut = net([node("MatMul", ["x", "w"], ["y"])], (2, 8), {"w": weights["w"]})
    assert np.array_equal(run(model, x=x)[0], run(cut, x=x)[0])
    assert status(cut, tmp_path, "weights-used") == "pass"


def test_weights_that_a_subgraph_or_an_output_reads(tmp_path: Path) -> None:
    given = helper.make_tensor_value_info("o", TensorProto.FLOAT, [300])
    branch = helper.make_graph([node("Identity", ["w"], ["o"])], "b", [], [given])
    other = helper.make_graph([node("Constant", [], ["o"], value=numpy_helper.from_array(draw(300)))], "b", [], [given])
    nodes = [
        node("ReduceMax", ["x"], ["m"], keepdims=0),
        node("Greater", ["m", "zero"], ["c"]),
        node("If", ["c"], ["y"], then_branch=branch, else_branch=other),
    ]
    model = net(nodes, (2, 8), {"w": draw(300), "zero": np.array(0, "f"), "table": draw(300)})
    model.graph.output.append(helper.make_tensor_value_info("table", TensorProto.FLOAT, [300]))
    assert len(run(model, x=draw(2, 8))) == 2
    assert status(model, tmp_path, "weights-used") == "pass"


def test_weights_that_are_stored_twice(tmp_path: Path) -> None:
    w = draw(20, 20)
    nodes = [node("MatMul", ["x", "a"], ["h"]), node("MatMul", ["h", "b"], ["y"])]
    (said,) = found(net(nodes, (2, 20), {"a": w, "b": w}), tmp_path, "weights-stored-once")
    assert (said.status, said.tensor) == ("fail", "a")
    assert "holds the same 1,600 bytes as 'b'" in said.message
    more = net(nodes, (2, 20), {"a": w, "b": w, "c": w[:15], "d": w[:15], "e": w[:15]})
    (said,) = found(more, tmp_path, "weights-stored-once")
    assert said.message == "holds the same 1,600 bytes as 'b'; with 1 other contents 4,000 bytes too many"
    for other in (np.nextafter(w, 1), w.T.copy()):
        assert status(net(nodes, (2, 20), {"a": w, "b": other}), tmp_path, "weights-stored-once") == "pass"
    bits = net(
        [node("Cast", ["a"], ["y"], to=1), node("Cast", ["b"], ["z"], to=1), node("Relu", ["x"], ["r"])], (2, 20)
    )
    bits.graph.initializer.extend([numpy_helper.from_array(w, "a"), numpy_helper.from_array(w.view("i4"), "b")])
    assert status(bits, tmp_path, "weights-stored-once") == "pass"  # the same bytes of another type are another tensor


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (np.array([1, 1e-39, -1e-40], "f"), "fail"),
        (np.array([1, 1.2e-38, 0, -0.0], "f"), "pass"),
        (np.array([1, 1e-39]), "pass"),
        (np.array([1, 1e-310]), "fail"),
        (np.array([1, 1e-6], np.float16), "pass"),
    ],
    ids=["float32", "normal and zero", "normal in float64", "float64", "float16"],
)
def test_weights_that_are_denormal(weights: np.ndarray, expected: str, tmp_path: Path) -> None:
    model = small_nets.model(
        [node("Cast", ["w"], ["c"], to=1), node("Add", ["x", "c"], ["y"])], {"x": (1,)}, {"y": ("n",)}, {"w": weights}
    )
    assert status(model, tmp_path, "no-denormal-weights") == expected
    if expected == "fail":
        assert status(model, tmp_path, "no-denormal-weights", 0.9) == "pass"

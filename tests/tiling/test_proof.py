"""Models whose numbers follow from the size, or from chance, have no exact tiles; runs show it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import rfonnx
from tiling.exactness import Runs, cut
from tiling.maker import draw
from truth.nets import Writer


def conv(w: Writer) -> str:
    return w.op("Conv", "x", w.normal(2, 2, 3), pads=[1, 1])


def length(w: Writer, to: int = TensorProto.FLOAT) -> str:
    return w.op("Cast", w.op("Gather", w.op("Shape", "x"), w.const(2, np.int64)), to=to)


def share(w: Writer) -> str:
    return w.op("Div", conv(w), length(w))


def pad_value(w: Writer) -> str:
    return w.op("Pad", conv(w), w.ints(0, 0, 3, 0, 0, 3), length(w))


def whole_numbers(w: Writer) -> str:
    number = w.op("Reshape", length(w, TensorProto.INT32), w.ints(1, 1))
    tokens = w.op("Cast", w.swap(conv(w), 0, 2, 1), to=TensorProto.INT32)
    product = w.op("MatMul", tokens, w.op("Expand", number, w.ints(2, 2)))
    return w.op("Cast", w.swap(product, 0, 2, 1), to=TensorProto.FLOAT)


def zero_point(w: Writer) -> str:
    low = w.op("Mod", w.op("Gather", w.op("Shape", "x"), w.const(2, np.int64)), w.const(7, np.int64))
    made = w.op("QuantizeLinear", conv(w), w.const(0.1), w.op("Cast", low, to=TensorProto.UINT8))
    return w.op("DequantizeLinear", made, w.const(0.1), w.const(0, np.uint8))


def zero_point_of_weights(w: Writer) -> str:
    low = w.op("Mod", w.op("Gather", w.op("Shape", "x"), w.const(2, np.int64)), w.const(7, np.int64))
    made = w.op("QuantizeLinear", conv(w), w.const(0.1), w.const(128, np.uint8))
    weights = w.const(np.ones((2, 2, 1)), np.uint8)
    return w.op(
        "Cast", w.op("ConvInteger", made, weights, w.op("Cast", low, to=TensorProto.UINT8)), to=TensorProto.FLOAT
    )


def branch(w: Writer) -> str:
    def of(op: str) -> onnx.GraphProto:
        info = onnx.helper.make_tensor_value_info(f"{op}_made", TensorProto.FLOAT, None)
        return onnx.helper.make_graph([onnx.helper.make_node(op, ["x"], [f"{op}_made"])], op, [], [info])

    large = w.op("Greater", length(w), w.const(40))
    return w.op("Add", conv(w), w.op("If", large, then_branch=of("Softplus"), else_branch=of("Neg")))


def dropout(w: Writer) -> str:
    return w.op("Dropout", conv(w), w.const(0.5), w.const(True, bool))


def coin(w: Writer) -> str:
    return w.op("Add", conv(w), w.op("Cast", w.op("Bernoulli", w.op("Sigmoid", "x")), to=TensorProto.FLOAT))


def noise(w: Writer) -> str:
    return w.op("Add", conv(w), w.op("RandomNormal", shape=[1, 2, 1]))


def made(make: Callable[[Writer], str], where: int | str = "length") -> onnx.ModelProto:
    writer = Writer(opset=19)
    return writer.finish({"x": (1, 2, where)}, {"y": make(writer)})


@pytest.mark.parametrize("make", [share, pad_value, whole_numbers, zero_point, zero_point_of_weights, branch])
def test_what_follows_from_the_size_is_not_exact(make: Callable[[Writer], str]) -> None:
    model = made(make)
    plan = rfonnx.tile(model, {"x": (1, 2, 64)}, [31])
    assert not plan.exact
    assert "size" in plan.reasons[0]
    runs, feeds = Runs(model), draw({"x": (1, 2, 64)})
    crop = runs({"x": cut(feeds["x"], ((0, 1), (0, 2), (0, 31)))})["y"]
    assert not np.allclose(crop[..., :20], runs(feeds)["y"][..., :20])


@pytest.mark.parametrize("make", [dropout, coin, noise])
@pytest.mark.parametrize("where", ["length", 64])
def test_what_draws_at_random_is_not_exact(make: Callable[[Writer], str], where: int | str) -> None:
    plan = rfonnx.tile(made(make, where), {"x": (1, 2, 64)}, [31])
    assert not plan.exact
    assert "random" in plan.reasons[0]


def test_a_mode_of_training_that_is_an_input_is_not_exact() -> None:
    w = Writer()
    y = w.op("Dropout", conv(w), w.const(0.5), "training")
    model = w.finish({"x": (1, 2, "length"), "training": ()}, {"y": y}, {"training": TensorProto.BOOL})
    assert "may be in training mode" in rfonnx.tile(model).reasons[0]
    assert rfonnx.tile(model, values={"training": False}).exact

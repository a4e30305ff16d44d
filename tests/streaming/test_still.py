"""Operands without frames: given whole to every chunk, and refused where each frame takes something else of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import rfonnx
from streaming.holding import right
from streaming.nets import Net


def product(net: Net, second: str) -> str:
    return net.add("MatMul", "x", second)


def joined(net: Net, second: str) -> str:
    return net.add("Concat", "x", second, axis=-1)


def summed(net: Net, second: str) -> str:
    return net.add("Sub", second, "x")


def multiplied(net: Net, second: str) -> str:
    return net.add("Einsum", "x", second, equation="bij,bjk->bik")


MADE = (product, joined, summed, multiplied)


def net_of(made: Callable[[Net, str], str], constant: bool) -> onnx.ModelProto:
    """Frames are the first of three axes, 12 of them; the second operand has as many."""
    net = Net()
    if constant:
        return net.model([12, 4, 4], made(net, net.numbers(12, 4, 4)))
    return net.model([12, 4, 4], made(net, "second"), second=[12, 4, 4])


@pytest.mark.parametrize("made", MADE)
def test_what_is_not_streamed_has_no_frames(made: Callable[[Net, str], str]) -> None:
    with pytest.raises(rfonnx.RfonnxError, match="takes of 'second', which has no frames, something else for each"):
        rfonnx.stream(net_of(made, constant=False), "x", 0)
    assert right(rfonnx.stream(net_of(made, constant=False), {"x": 0, "second": 0}))


@pytest.mark.parametrize("made", MADE)
def test_constants_go_on_with_the_frames(made: Callable[[Net, str], str]) -> None:
    plan = rfonnx.stream(net_of(made, constant=True), "x", 0, 5)
    assert plan.manifest.longest == 12
    assert right(plan)


def attention(queries: list[int | str], **attrs: int) -> onnx.ModelProto:
    """Queries alone are streamed; keys and values are given whole."""
    net = Net()
    made = net.add("Attention", "x", "k", "v", **attrs)
    return net.model(queries, made, opset=23, k=[1, 2, 6, 8], v=[1, 2, 6, 8])


def test_queries_that_see_all_keys_are_streamed_alone() -> None:
    model = attention([1, 2, "t", 8])
    model.ir_version = 11
    plan = rfonnx.stream(model, "x", 2, 3)
    assert plan.delay == {plan.manifest.outputs[0].name: 0}
    assert right(plan)


def test_queries_that_see_keys_up_to_their_own_number_are_refused() -> None:
    with pytest.raises(rfonnx.RfonnxError, match=r"\(Attention\) .*takes of 'k', which has no frames, something else"):
        rfonnx.stream(attention([1, 2, "t", 8], is_causal=1), "x", 2)


def resized(scale: float, **attrs: object) -> onnx.ModelProto:
    net = Net()
    scales = net.constant(np.array([1, 1, scale], np.float32))
    return net.model([1, 2, "t"], net.add("Resize", "x", "", scales, mode="nearest", **attrs))


def test_frames_that_rounding_moves_are_refused() -> None:
    """2.3 in float32 is not 23/10: behind some thousand frames another one is the nearest."""
    assert right(rfonnx.stream(resized(1.5, coordinate_transformation_mode="asymmetric"), "x", 2))
    with pytest.raises(rfonnx.RfonnxError, match="resizes by 23/10, which is no number in float32"):
        rfonnx.stream(resized(2.3, coordinate_transformation_mode="asymmetric"), "x", 2)


def test_what_keeps_the_aspect_ratio_is_refused() -> None:
    net = Net()
    made = net.add("Resize", "x", "", "", net.ints(10, 6), axes=[2, 3], keep_aspect_ratio_policy="not_smaller")
    with pytest.raises(rfonnx.RfonnxError, match="keeps the aspect ratio"):
        rfonnx.stream(net.model([1, 2, "t", 6], made, opset=18), "x", 2)


def test_filters_alone_have_no_frames() -> None:
    net = Net()
    model = net.model([2, 3, 8], net.add("Conv", "data", "x", kernel_shape=[8]), data=[1, 3, 20])
    with pytest.raises(rfonnx.RfonnxError, match="works on 'data', which has no frames"):
        rfonnx.stream(model, "x", 0)


def test_layers_go_along_their_sequence_alone() -> None:
    """The features of a layer, and its weights for them, could be summed up; there is no rule for that."""
    net = Net()
    weights = net.numbers(1, 4, 4)
    net.nodes.append(onnx.helper.make_node("RNN", ["x", "w", weights], ["", "last"], "rnn", hidden_size=4))
    model = net.model([5, 1, 3], "last", w=[1, 4, 3])
    with pytest.raises(rfonnx.RfonnxError, match=r"\(RNN\) "):
        rfonnx.stream(model, {"x": 2, "w": 2})


def test_a_diagonal_that_is_computed_is_refused() -> None:
    net = Net()
    rows = net.add("Trilu", "x", net.add("Cast", net.add("ReduceMax", "k", keepdims=0), to=7))
    with pytest.raises(rfonnx.RfonnxError, match=r"\(Trilu\) .*may leave frames out"):
        rfonnx.stream(net.model([1, "t", 4], rows, k=[1]), "x", 1)


def test_what_is_behind_a_window_that_begins_with_zero_is_moved() -> None:
    """As the frames of spectra are, whose windows begin with 0."""
    net = Net()
    window = net.constant(np.array([0, 1, 0.5, 0.25], np.float32))
    made = net.add("Reshape", net.add("Mul", "x", window), net.ints(-1, 2, 2))
    plan = rfonnx.stream(net.model(["t", 4], made), "x", 0)
    assert plan.delay == {made: 0}
    assert plan.verify().passed


def test_types_that_are_not_drawn_are_refused() -> None:
    model = Net().model([1, 2, "t"], "y")
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT8E4M3FN
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    model.graph.node.add(op_type="Cast", input=["x"], output=["y"]).attribute.append(
        onnx.helper.make_attribute("to", 1)
    )
    model.opset_import[0].version = 19
    model.ir_version = 9
    with pytest.raises(rfonnx.RfonnxError, match="'x' holds float8e4m3fn, which is not streamed"):
        rfonnx.stream(model, "x", 2)

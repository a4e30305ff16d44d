"""Attention: bands of many kinds, in one operator or in several, with values that are no numbers outside, and with a cache."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

import rfonnx
from rfonnx.streaming.bands import Attends, banded
from streaming.holding import verified
from streaming.nets import NETS, Net
from streaming.nets import banded as transformer


def held(model: onnx.ModelProto, delay: int, **more: int) -> rfonnx.types.StreamPlan:
    """It is streamed with that delay, the least, and every frame is as in the offline run."""
    plan = rfonnx.stream(model, "x", 1, **more)
    assert list(plan.delay.values()) == [delay] == [one.least for one in plan.manifest.outputs]
    found = verified(plan)
    assert found.passed, found
    return plan


def projected(net: Net, *widths: int) -> list[str]:
    return [net.add("MatMul", "x", net.numbers(8, width)) for width in widths]


def at_once(
    shared: bool = False, boolean: bool = True, before: int = 5, after: int = 0, **attrs: float
) -> onnx.ModelProto:
    """Attention of opset 23."""
    net = Net()
    mask = net.window("x", before, after)
    if not boolean:
        mask = net.add("Where", mask, net.number(0.0), net.number(-np.inf))
    operands = projected(net, 8, *(2 * [4 if shared else 8]))
    made = net.add("Attention", *operands, mask, q_num_heads=2, kv_num_heads=1 if shared else 2, **attrs)
    model = net.model([1, "t", 8], made, opset=23)
    model.ir_version = 11
    return model


def boundless(**attrs: float) -> onnx.ModelProto:
    net = Net()
    made = net.add("Attention", *projected(net, 8, 8, 8), q_num_heads=2, kv_num_heads=2, is_causal=1, **attrs)
    model = net.model([1, "t", 8], made, opset=23)
    model.ir_version = 11
    return model


def many_heads(before: int, after: int, unidirectional: int) -> onnx.ModelProto:
    """onnxruntime's MultiHeadAttention, as its optimiser writes it."""
    net = Net()
    bias = net.add("Where", net.window("x", before, after), net.number(0.0), net.number(-1e9))
    inputs = [*projected(net, 8, 8, 8), "", "", net.add("Unsqueeze", bias, net.ints(0, 1))]
    attrs = {"domain": "com.microsoft", "num_heads": 2, "unidirectional": unidirectional}
    model = net.model([1, "t", 8], net.add("MultiHeadAttention", *inputs, **attrs))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


@pytest.mark.parametrize(
    ("model", "delay"),
    [
        (at_once(), 0),
        (at_once(boolean=False, before=4, after=2), 2),
        (at_once(shared=True, before=3, after=3, is_causal=1, softcap=2.0), 0),
        (at_once(before=0, after=3), 3),
        (many_heads(5, 1, 0), 1),
        (many_heads(4, 0, 1), 0),
    ],
)
def test_attention_in_one_operator(model: onnx.ModelProto, delay: int) -> None:
    held(model, delay)


@pytest.mark.parametrize(
    ("model", "keys"), [(boundless(), 2), (boundless(), 7), (transformer(2**40, 0), 1), (transformer(2**40, 0), 6)]
)
def test_a_cache_makes_a_band(model: onnx.ModelProto, keys: int) -> None:
    with pytest.raises(rfonnx.RfonnxError, match="attention without a bound"):
        rfonnx.stream(model, "x", 1)
    plan = held(model, 0, cache=keys)
    assert (plan.manifest.cache, plan.manifest.unchanged) == (keys, keys)


def test_a_cache_as_long_as_the_file_allows_bounds_nothing() -> None:
    model = transformer(2**40, 0)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 24
    with pytest.raises(rfonnx.RfonnxError, match="a cache of 24 keys hides none; give --cache 1 to 23"):
        rfonnx.stream(model, "x", 1, cache=24)


def roots(net: Net) -> str:
    """0 / 0 of frames of zeros, as behind the end: no number."""
    square = net.add("Mul", "x", "x")
    return net.add("Div", "x", net.add("ReduceSum", square, net.ints(2), keepdims=1))


@pytest.mark.parametrize(("before", "after"), [(3, 0), (2, 2)])
def test_frames_behind_the_end_that_are_no_numbers_weigh_nothing(before: int, after: int) -> None:
    """In a chunk they stand beside frames that there are."""
    net = Net()
    x = roots(net)
    queries, keys, values = (net.heads(x, 8, 2, *perm) for perm in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3)))
    scores = net.add("Where", net.window("x", before, after), net.add("MatMul", queries, keys), net.number(-np.inf))
    model = net.model([1, "t", 8], net.add("MatMul", net.add("Softmax", scores, axis=-1), values))
    held(model, after, chunk=8)


def test_weights_without_a_softmax() -> None:
    """Retention: products that decay with the distance, cut off by a mask of 0 and 1."""
    net = Net()
    column, row = net.positions("x")
    seen = net.add("Cast", net.window("x", 6, 0), to=onnx.TensorProto.FLOAT)
    far = net.add("Cast", net.add("Sub", column, row), to=onnx.TensorProto.FLOAT)
    decay = net.add("Mul", net.add("Pow", net.number(0.9), far), seen)
    queries, keys, values = (net.heads("x", 8, 2, *perm) for perm in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3)))
    weights = net.add("Mul", net.add("MatMul", queries, keys), decay)
    held(net.model([1, "t", 8], net.add("MatMul", weights, values)), 0)


def test_a_query_that_sees_its_own_key_alone() -> None:
    """Its weight is 1, whatever the score."""
    held(transformer(0, 0), 0)


def test_frames_that_are_cropped_later_are_not_waited_for() -> None:
    """No query sees a key behind it: what may turn out to be behind the end does not matter."""
    net = Net()
    x = net.add("Slice", "x", net.ints(0), net.ints(-2), net.ints(1))
    plan = rfonnx.stream(net.model([1, "t", 8], net.attention(x, net.window(x, 4, 0))), "x", 1)
    assert [(one.delay, one.held, one.least) for one in plan.manifest.outputs] == [(0, 2, 0)]
    assert plan.verify().passed


def test_a_mask_with_holes_that_differs_by_head() -> None:
    """Every second key of one head, all of the other."""
    net = Net()
    column, row = net.positions("x")
    apart = net.add("Sub", column, row)
    odd = net.add("Equal", net.add("Mod", apart, net.constant(np.array([2, 1]).reshape(2, 1, 1))), net.whole(0))
    mask = net.add("And", odd, net.window("x", 6, 0))
    held(net.model([1, "t", 8], net.attention("x", mask)), 0)


def test_what_a_chunk_takes_does_not_grow() -> None:
    """The work of a chunk is that of its queries and the keys that they see, however long the stream was looked at."""
    plan = rfonnx.stream(NETS["transformer, band"][0](), "x", 1, 4, flat=True)
    inferred = onnx.shape_inference.infer_shapes(plan.model, data_prop=True)
    products = {node.output[0] for node in inferred.graph.node if node.op_type == "Softmax"}
    shapes = [
        [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.value_info if v.name in products
    ]
    assert len(products) == 2
    assert all(shape[-2:] == [4, 6 + 4 + 2] for shape in shapes), shapes


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ([0, 0, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5], Attends((2,), (0,))),
        ([0, 0, 2, 2, 4, 4], [1, 1, 3, 3, 5, 5], Attends((0, 1), (1, 0))),
        ([0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], None),
        ([0, 0, 0, 0, 0, 0], [5, 5, 5, 5, 5, 5], None),
        ([0, 0, 1, 3, 3, 4], [0, 1, 2, 3, 4, 5], None),
        ([0, 0, 1, 2, 3, 4], [-1, 1, 2, 3, 4, 5], Attends((1,), (0,))),
    ],
)
def test_bands_are_told_from_what_is_seen(first: list[int], last: list[int], found: Attends | None) -> None:
    assert banded(np.array(first), np.array(last), 6) == found

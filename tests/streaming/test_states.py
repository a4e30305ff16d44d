"""States of a model's own, and outputs without frames: the last states of recurrences, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

import rfonnx
from rfonnx.errors import DataError
from rfonnx.streaming.loop import Stream
from streaming.holding import right
from streaming.nets import Net


def recurrent(net: Net, op: str, x: str, *more: str, outputs: int, **attrs: object) -> list[str]:
    """A layer of 3 features from 2, over (batch, channels, frames)."""
    gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[op]
    turned = net.add("Transpose", x, perm=[2, 0, 1])
    weights = net.numbers(1, 3 * gates, 2), net.numbers(1, 3 * gates, 3), net.numbers(1, 6 * gates)
    op_name = op if all(node.name != op for node in net.nodes) else f"second{op}"
    names = [f"{op_name}{number}" for number in range(outputs)]
    net.nodes.append(onnx.helper.make_node(op, [turned, *weights, *more], names, op_name, hidden_size=3, **attrs))
    return names


def own_states(symmetric: bool) -> onnx.ModelProto:
    """As silero-vad: h and c come in, hn and cn go out; what is before looks ahead, or not."""
    net = Net()
    x = net.conv("x", 2, 2, [3], pads=[1, 1]) if symmetric else net.add("Tanh", "x")
    outputs = recurrent(net, "LSTM", x, "", "h", "c", outputs=3)
    return net.model([1, 2, "t"], *outputs, h=[1, 1, 3], c=[1, 1, 3])


def classifier(op: str) -> onnx.ModelProto:
    """Two layers and a product of the last state of the second: no output has frames. The first one looks ahead, and halves."""
    net = Net()
    x = net.conv("x", 2, 2, [4], pads=[3, 3], strides=[2])
    first = recurrent(net, "GRU", x, outputs=1)[0]
    moved = net.add("Transpose", net.add("Squeeze", first, net.ints(1)), perm=[1, 2, 0])
    last = recurrent(net, op, net.add("Slice", moved, net.ints(0), net.ints(2), net.ints(1)), outputs=2)[1]
    return net.model([1, 2, "t"], net.add("MatMul", net.add("Squeeze", last, net.ints(0)), net.numbers(3, 4)))


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_state_of_the_models_own_stays_its_own(symmetric: bool) -> None:
    model = own_states(symmetric)
    plan = rfonnx.stream(model, "x", 2, 4)
    manifest = plan.manifest
    assert [(one.input, one.output) for one in manifest.states if one.initial is None] == [
        ("h", "LSTM1"),
        ("c", "LSTM2"),
    ]
    assert (manifest.others, manifest.given, manifest.finals) == ((), ("h", "c"), ("LSTM1", "LSTM2"))
    assert list(plan.delay.values()) == [int(symmetric)]
    assert right(plan)
    with pytest.raises(DataError, match="input 'h' is not given"):
        Stream(plan.model, others={"c": np.zeros((1, 1, 3))})


def test_who_feeds_back_the_states_by_hand_gets_the_same() -> None:
    """The program that runs the file chunk by chunk runs the stream."""
    model = own_states(symmetric=False)
    plan = rfonnx.stream(model, "x", 2, 4)
    x = np.random.default_rng(0).standard_normal((1, 2, 12)).astype(np.float32)
    whole = onnxruntime.InferenceSession(model.SerializeToString())
    session = onnxruntime.InferenceSession(plan.model.SerializeToString())
    h = c = np.full((1, 1, 3), 0.5, np.float32)
    expected = whole.run(None, {"x": x, "h": h, "c": c})
    position, ends = np.array(0, np.int64), np.array([2**50], np.int64)
    made = []
    for at in range(0, 12, 4):
        feeds = {"x": x[:, :, at : at + 4], "h": h, "c": c}
        feeds |= {plan.manifest.states[0].input: position, plan.manifest.ends_input: ends}
        y, h, c, position = session.run(["LSTM0", "LSTM1", "LSTM2", plan.manifest.states[0].output], feeds)
        made.append(y)
    for found, wanted in zip((np.concatenate(made), h, c), expected, strict=True):
        assert np.abs(found - wanted).max() < 1e-6


@pytest.mark.parametrize("op", ["GRU", "LSTM", "RNN"])
def test_what_is_made_of_the_last_state_is_given_at_the_end(op: str) -> None:
    plan = rfonnx.stream(classifier(op), "x", 2, 4)
    assert not plan.manifest.outputs
    assert right(plan)
    stream = Stream(plan.model)
    assert stream.push(np.zeros((1, 2, 4), np.float32)) == {}
    assert list(stream.finish()) == list(plan.manifest.finals)


def spotter(take: str) -> onnx.ModelProto:
    """Classes of the last frame of a layer behind a convolution that looks ahead: a number, a list of one, a slice."""
    net = Net()
    framed = recurrent(net, "GRU", net.conv("x", 2, 2, [5], pads=[3, 3]), outputs=1)[0]
    if take == "number":
        last = net.add("Gather", framed, net.constant(np.array(-1, np.int64)))
    elif take == "list":
        last = net.add("Gather", net.add("Squeeze", framed, net.ints(1)), net.ints(-1))
    else:
        last = net.add("Slice", framed, net.ints(-1), net.ints(2**62), net.ints(0))
    return net.model(["n", 2, "t"], net.add("MatMul", last, net.numbers(3, 4)), net.add("Neg", framed))


@pytest.mark.parametrize("take", ["number", "list", "slice"])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_last_frame_is_given_at_the_end(take: str, batch: int) -> None:
    plan = rfonnx.stream(spotter(take), "x", 2, 4, shapes={"n": batch})
    assert len(plan.manifest.finals) == len(plan.manifest.outputs) == 1
    assert right(plan)


def test_a_part_of_the_last_frame_is_refused() -> None:
    net = Net()
    model = net.model([1, 2, "t"], net.add("Slice", "x", net.ints(-1, 0), net.ints(2**62, 1), net.ints(2, 1)))
    with pytest.raises(rfonnx.RfonnxError, match="takes the last frame, and a part of it; take the part first"):
        rfonnx.stream(model, "x", 2)


TOGETHER: list[tuple[str, dict[str, object]]] = [
    ("ReduceMean", {"axes": [2], "keepdims": 0}),
    ("ReduceMean", {"axes": [1, 2]}),
    ("ReduceMax", {"axes": [2]}),
    ("ReduceMin", {"axes": [0, 2], "keepdims": 0}),
    ("ReduceSumSquare", {"axes": [2]}),
    ("ReduceL1", {"axes": [2]}),
    ("GlobalAveragePool", {}),
    ("GlobalMaxPool", {}),
]


@pytest.mark.parametrize(("op", "attrs"), TOGETHER, ids=[f"{op} {attrs}" for op, attrs in TOGETHER])
@pytest.mark.parametrize("looks", [False, True])
def test_what_is_made_of_all_frames_together_is_given_at_the_end(
    op: str, attrs: dict[str, object], looks: bool
) -> None:
    """Behind a step of 2 that looks ahead, and at lengths that end with a chunk: then no run knows the end."""
    net = Net()
    x = net.conv("x", 2, 3, [4], pads=[3, 3], strides=[2]) if looks else net.add("Exp", "x")
    plan = rfonnx.stream(net.model([1, 2, "t"], net.add("Neg", net.add(op, x, **attrs))), "x", 2, 6)
    assert not plan.manifest.outputs
    assert right(plan)


def test_an_integer_maximum() -> None:
    net = Net()
    whole = net.add("Cast", net.add("Mul", net.conv("x", 2, 2, [3], pads=[1, 1]), net.numbers(1)), to=TensorProto.INT32)
    model = net.model([1, 2, "t"], net.add("Cast", net.add("ReduceMax", whole, axes=[2]), to=TensorProto.FLOAT))
    assert right(rfonnx.stream(model, "x", 2, 3))


def test_a_last_state_that_nobody_reads_costs_nothing() -> None:
    net = Net()
    framed = recurrent(net, "LSTM", "x", outputs=3)[0]
    plan = rfonnx.stream(net.model([1, 2, "t"], framed), "x", 2)
    assert not plan.manifest.finals
    assert not plan.manifest.ends_input


def test_a_first_state_that_is_read_elsewhere_is_given_to_every_run() -> None:
    net = Net()
    framed, last = recurrent(net, "GRU", net.conv("x", 2, 2, [3], pads=[1, 1]), "", "h", outputs=2)
    plan = rfonnx.stream(net.model([1, 2, "t"], net.add("Sub", framed, "h"), last, h=[1, 1, 3]), "x", 2)
    assert plan.manifest.others == ("h",)
    assert all(state.initial is not None for state in plan.states)
    assert right(plan)


def joined(net: Net) -> str:
    framed, last = recurrent(net, "GRU", "x", outputs=2)
    return net.add("Add", framed, last)


def begun_with(net: Net) -> str:
    """A decoder begins with the last state of the encoder."""
    last = recurrent(net, "GRU", "x", outputs=2)[1]
    return recurrent(net, "RNN", "x", "", last, outputs=1)[0]


@pytest.mark.parametrize("make", [joined, begun_with])
def test_what_joins_frames_with_a_last_state_is_refused(make: Callable[[Net], str]) -> None:
    net = Net()
    with pytest.raises(rfonnx.RfonnxError, match="joins frames with what is known when the last one has come"):
        rfonnx.stream(net.model([1, 2, "t"], make(net)), "x", 2)


@pytest.mark.parametrize("op", ["GRU", "LSTM", "RNN"])
def test_attributes_of_a_layer_hold_in_a_stream(op: str) -> None:
    attrs: dict[str, object] = {"clip": 0.3} | ({"input_forget": 1} if op == "LSTM" else {})
    net = Net()
    outputs = recurrent(net, op, net.conv("x", 2, 2, [3], pads=[1, 1]), outputs=2, **attrs)
    assert right(rfonnx.stream(net.model([1, 2, "t"], *outputs), "x", 2))


def told(net: Net, lengths: str) -> onnx.ModelProto:
    (made,) = recurrent(net, "GRU", net.conv("x", 2, 2, [3], pads=[1, 1]), lengths, outputs=1)
    return net.model([1, 2, 96], made)


def test_sequences_that_are_as_long_as_the_tensor_say_nothing() -> None:
    net = Net()
    plan = rfonnx.stream(told(net, net.constant(np.array([96], np.int32))), "x", 2, 4)
    assert plan.manifest.fixed == 96
    assert right(plan)
    net = Net()
    with pytest.raises(rfonnx.RfonnxError, match="is told where sequences end"):
        rfonnx.stream(told(net, net.constant(np.array([90], np.int32))), "x", 2)


def test_states_in_half_precision() -> None:
    model = own_states(symmetric=True)
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            value = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    for entry in (*model.graph.input, *model.graph.output):
        entry.type.tensor_type.elem_type = TensorProto.FLOAT16
    assert right(rfonnx.stream(model, "x", 2, 4))

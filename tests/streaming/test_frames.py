"""Frames that are laid anew, listed, or stand beside those of the stream: delays, and every frame as in the offline run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.streaming.offline import within
from rfonnx.streaming.planning import stream_plan
from rfonnx.streaming.stream_plan import StreamPlan
from streaming.nets import Net


def held(model: onnx.ModelProto, axis: int) -> StreamPlan:
    """The plan of a stream that does what the model does."""
    plan = stream_plan(Opened(model), "x", axis, None)
    found = plan.held_against(within(plan.source.offline))
    assert found.passed, found
    return plan


def beside(front: np.ndarray | None, back: np.ndarray | None, ahead: bool, kernel: int = 4) -> onnx.ModelProto:
    """Frames in front and behind, and a convolution over all; `ahead`: behind one that looks ahead."""
    net = Net()
    x = net.conv("x", 2, 2, [3], pads=[1, 1]) if ahead else "x"
    parts = [x]
    if front is not None:
        parts.insert(0, net.constant(front.astype(np.float32)))
    if back is not None:
        parts.append(net.constant(back.astype(np.float32)))
    x = net.add("Concat", *parts, axis=2)
    return net.model([1, 2, "t"], net.conv(x, 2, 3, [kernel]) if kernel else net.add("Tanh", x))


ZEROS, MANY = np.zeros((1, 2, 3)), np.arange(6.0).reshape(1, 2, 3) - 2
BESIDE: dict[str, tuple[np.ndarray | None, np.ndarray | None, bool, int, int]] = {
    "zeros in front, as causal padding": (ZEROS, None, False, 4, 0),
    "the same of what is late": (ZEROS, None, True, 4, 1),
    "zeros behind": (None, ZEROS, True, 4, 4),
    "ones on both sides": (ZEROS + 1, ZEROS + 1, True, 4, 1),
    "a token": (MANY[:, :, :1], None, False, 0, 0),
    "a token before what is late": (MANY[:, :, :1], None, True, 0, 0),
    "others in front of what is read": (MANY, None, False, 4, 0),
    "others behind": (None, MANY, True, 4, 4),
    "others and zeros": (MANY, ZEROS, True, 0, 0),
}


@pytest.mark.parametrize("name", BESIDE)
def test_frames_of_constants_stand_beside(name: str) -> None:
    front, back, ahead, kernel, delay = BESIDE[name]
    assert list(held(beside(front, back, ahead, kernel), 2).delay.values()) == [delay]


def test_a_first_cache_is_given_by_the_host() -> None:
    net = Net()
    x = net.add("Concat", "c", net.conv("x", 1, 2, [3], pads=[1, 1]), axis=2)
    plan = held(net.model([1, 1, "t"], net.conv(x, 2, 2, [3]), c=[1, 2, 2]), 2)
    assert plan.manifest.others == ("c",)


def listed(places: Callable[[Net, str], str], op: str = "Gather") -> onnx.ModelProto:
    """Frames by a list of numbers, made of how many there are, between convolutions that look ahead."""
    net = Net()
    x = net.conv("x", 1, 2, [3], pads=[1, 1])
    long = net.add("Gather", net.add("Shape", x), net.whole(2))
    list_ = places(net, long)
    if op == "GatherElements":
        list_ = net.add("Expand", list_, net.add("Concat", net.ints(1, 2), net.add("Shape", list_), axis=0))
    x = net.add(op, x, list_, axis=2)
    return net.model([1, 1, "t"], net.conv(x, 2, 2, [3], pads=[1, 1]))


def stepped(net: Net, long: str, first: int, step: int) -> str:
    return net.add("Range", net.whole(first), long, net.whole(step))


def repeated(net: Net, long: str, times: int) -> str:
    every = net.add("Range", net.whole(0), net.add("Mul", long, net.whole(times)), net.whole(1))
    return net.add("Div", every, net.whole(times))


LISTED: dict[str, tuple[Callable[[Net, str], str], str, int, int]] = {
    "every second": (lambda net, long: stepped(net, long, 0, 2), "Gather", 2, 1),
    "every third from the second on": (lambda net, long: stepped(net, long, 1, 3), "Gather", 3, 1),
    "all": (lambda net, long: stepped(net, long, 0, 1), "Gather", 1, 2),
    "each twice": (lambda net, long: repeated(net, long, 2), "Gather", 1, 3),
    "every second, by elements": (lambda net, long: stepped(net, long, 0, 2), "GatherElements", 2, 1),
}


@pytest.mark.parametrize("name", LISTED)
def test_frames_are_picked_by_a_list(name: str) -> None:
    places, op, unit, delay = LISTED[name]
    plan = held(listed(places, op), 2)
    assert (plan.unit, *plan.delay.values()) == (unit, delay)
    assert [one.least for one in plan.manifest.outputs] == [delay]


def test_a_list_of_another_order_is_refused() -> None:
    net = Net()
    long = net.add("Gather", net.add("Shape", "x"), net.whole(2))
    back = net.add("Sub", net.add("Sub", long, net.whole(1)), net.add("Range", net.whole(0), long, net.whole(1)))
    model = net.model([1, 2, "t"], net.add("Gather", "x", back, axis=2))
    with pytest.raises(rfonnx.RfonnxError, match="Gather"):
        rfonnx.stream(model, "x", 2)


def grouped(late: bool) -> onnx.ModelProto:
    """Groups of four frames become one, and a convolution over them."""
    net = Net()
    x = net.conv("x", 1, 2, [4], pads=[2, 1] if late else [3, 0])
    x = net.add("Transpose", net.add("Reshape", x, net.ints(0, 2, -1, 4)), perm=[0, 1, 3, 2])
    return net.model([1, 1, "t"], net.conv(net.add("Reshape", x, net.ints(0, 8, -1)), 8, 2, [3], pads=[1, 1]))


@pytest.mark.parametrize(("late", "delay"), [(False, 1), (True, 2)])
def test_groups_of_frames_begin_where_the_offline_ones_do(late: bool, delay: int) -> None:
    plan = held(grouped(late), 2)
    assert (plan.unit, *plan.delay.values()) == (4, delay)
    assert [one.least for one in plan.manifest.outputs] == [delay]


def test_features_behind_frames_become_frames() -> None:
    net = Net()
    x = net.add("Reshape", net.add("MatMul", "x", net.numbers(4, 3)), net.ints(1, 1, -1))
    plan = held(net.model([1, "t", 4], net.conv(x, 1, 2, [3], pads=[1, 1])), 1)
    assert [(one.frames, one.delay) for one in plan.manifest.outputs] == [(3, 1)]


def test_frames_under_a_batch_are_not_laid_into_it() -> None:
    net = Net()
    model = net.model([2, "t", 4], net.add("Reshape", "x", net.ints(-1, 4)))
    with pytest.raises(rfonnx.RfonnxError, match="lays the streamed axis and another one into each other"):
        rfonnx.stream(model, "x", 1)


def test_a_model_that_takes_no_even_length_is_looked_at_otherwise() -> None:
    net = Net()
    x = net.add("Reshape", net.add("Slice", "x", net.ints(1), net.ints(2**40), net.ints(2)), net.ints(0, 2, -1, 2))
    assert held(net.model([1, 2, "t"], net.add("Tanh", x)), 2).unit == 2


def of_padded(what: str) -> onnx.ModelProto:
    """Four frames in front, and something behind that need not wait for what is made of them."""
    net = Net()
    x = net.pad("x", 3, 2, 4)
    if what == "deconv":
        x = net.add("ConvTranspose", x, net.numbers(1, 2, 5), kernel_shape=[5], strides=[2])
    elif what == "cumsum":
        x = net.add("CumSum", x, net.whole(2), exclusive=1)
    elif what == "nearest":
        x = net.up(x, 1, 1, 2)
    else:
        x = net.add("Concat", x, net.pad("x", 3, 2, 4), axis=1)
    x = net.conv(x, 2 if what in ("deconv", "both") else 1, 2, [5])
    return net.model([1, 1, "t"], x)


@pytest.mark.parametrize("what", ["deconv", "cumsum", "nearest", "both"])
def test_padding_in_front_is_no_delay_for_what_is_behind(what: str) -> None:
    plan = held(of_padded(what), 2)
    assert [one.delay for one in plan.manifest.outputs] == [one.least for one in plan.manifest.outputs] == [0]


def test_a_sum_of_all_before_comes_a_frame_earlier() -> None:
    net = Net()
    x = net.add("CumSum", net.conv("x", 1, 1, [3], pads=[1, 1]), net.whole(2), exclusive=1)
    assert list(held(net.model([1, 1, "t"], net.add("Tanh", x)), 2).delay.values()) == [0]


def test_why_a_stream_is_late_is_told() -> None:
    assert [wait.name for wait in held(beside(MANY, None, False, 0), 2).waits] == ["GIVEN"]
    assert not held(beside(ZEROS, None, False), 2).waits


def rounded_up(op: str, kernel: int, stride: int, end: int, **attrs: int) -> onnx.ModelProto:
    """A pool in ceil mode between convolutions that look ahead."""
    net = Net()
    x = net.conv("x", 1, 2, [3], pads=[1, 1])
    x = net.add(op, x, kernel_shape=[kernel], strides=[stride], pads=[kernel // 3, end], ceil_mode=1, **attrs)
    return net.model([1, 1, "t"], net.conv(x, 2, 2, [3], pads=[1, 1]))


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(("kernel", "stride", "end"), [(2, 2, 0), (3, 2, 1), (5, 3, 2)])
def test_pools_in_ceil_mode(op: str, kernel: int, stride: int, end: int) -> None:
    (output,) = held(rounded_up(op, kernel, stride, end), 2).manifest.outputs
    assert output.delay == output.least == 2


@pytest.mark.parametrize(
    "model",
    [rounded_up("MaxPool", 3, 3, 1), rounded_up("AveragePool", 3, 2, 1, count_include_pad=1)],
    ids=["a window may be left out", "a mean counts padding"],
)
def test_ceil_mode_is_refused_where_the_end_is_another(model: onnx.ModelProto) -> None:
    with pytest.raises(rfonnx.RfonnxError, match="ceil_mode"):
        rfonnx.stream(model, "x", 2)

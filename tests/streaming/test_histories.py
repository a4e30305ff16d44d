"""Constant frames in front: of padding, of a Concat, and what is made of them. They come before the stream begins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.streaming.stream_plan import StreamPlan
from rfonnx.streaming.waits import Wait
from streaming.holding import right
from streaming.nets import Net


def led(net: Net, count: int = 4, x: str = "x") -> str:
    """Learned frames in front."""
    return net.add("Concat", net.numbers(1, 2, count), x, axis=2)


def window(net: Net, x: str, kernel: int = 5, op: str = "Conv", **attrs: object) -> str:
    return net.conv(x, 2, 2, [kernel], op, **attrs)


def cropped(net: Net, x: str, first: int, last: int = 2**40) -> str:
    return net.add("Slice", x, net.ints(first), net.ints(last), net.ints(2))


def product(net: Net, x: str) -> str:
    turned = net.add("MatMul", net.add("Transpose", x, perm=[0, 2, 1]), net.numbers(2, 2))
    return net.add("Transpose", turned, perm=[0, 2, 1])


def normed(net: Net, x: str) -> str:
    weights = net.numbers(2), net.numbers(2), net.numbers(2), net.constant(np.ones(2, np.float32))
    return net.add("BatchNormalization", x, *weights)


def squared(net: Net) -> str:
    x = led(net)
    return window(net, net.add("Mul", x, x))


EARLY: dict[str, Callable[[Net], str]] = {
    "as many as a window reads before": lambda net: window(net, led(net)),
    "a pool": lambda net: net.add("MaxPool", led(net), kernel_shape=[5]),
    "fewer": lambda net: window(net, led(net, 2)),
    "more": lambda net: window(net, led(net, 6)),
    "before padding of its own": lambda net: window(net, led(net, 3), pads=[1, 2]),
    "steps": lambda net: window(net, led(net, 3), strides=[2]),
    "a late operand": lambda net: window(net, led(net, 4, window(net, "x", 3, pads=[1, 1]))),
    "a later operand": lambda net: window(net, led(net, 4, window(net, "x", 13, pads=[6, 6]))),
    "some are cropped": lambda net: window(net, cropped(net, led(net), 1), 4),
    "all are cropped": lambda net: cropped(net, led(net), 4),
    "more are cropped": lambda net: cropped(net, led(net), 6),
    "both ends are cropped": lambda net: window(net, cropped(net, led(net), 1, -2), 4),
    "twice": lambda net: window(net, led(net, 2, led(net, 2))),
    "behind zeros": lambda net: window(net, led(net, 2, net.pad("x", 3, 2, 2))),
    "behind, too": lambda net: window(net, net.add("Concat", led(net), net.numbers(1, 2, 3), axis=2)),
    "behind, by a Pad": lambda net: window(net, net.pad(led(net), 3, 2, 0, 3)),
    "a sum with what comes": lambda net: net.add("Add", window(net, led(net)), "x"),
    "a Sigmoid": lambda net: window(net, net.add("Sigmoid", led(net))),
    "a Sigmoid of zeros": lambda net: window(net, net.add("Sigmoid", net.pad("x", 3, 2, 4))),
    "a bias of zeros": lambda net: window(net, net.add("Add", net.pad("x", 3, 2, 4), net.numbers(2, 1))),
    "a product of zeros": lambda net: window(net, net.add("Tanh", product(net, net.add("Exp", net.pad("x", 3, 2, 4))))),
    "a norm of zeros": lambda net: window(net, normed(net, net.pad("x", 3, 2, 4))),
    "a product with itself": squared,
}


def planned(build: Callable[[Net], str], chunk: int) -> StreamPlan:
    net = Net()
    return rfonnx.stream(net.model([1, 2, "t"], build(net)), "x", 2, chunk)


@pytest.mark.parametrize("chunk", [2, 8])
@pytest.mark.parametrize("name", EARLY)
def test_nothing_waits_for_constant_frames_in_front(name: str, chunk: int) -> None:
    plan = planned(EARLY[name], chunk)
    (output,) = plan.manifest.outputs
    assert output.delay == output.least
    assert right(plan)
    assert plan._structure({chunk: plan}).differences == ()
    assert not {Wait.GIVEN, Wait.BEFORE} & {*plan.waits}


def test_caches_begin_with_what_the_file_has_there() -> None:
    net = Net()
    model = net.model([1, 2, "t"], window(net, led(net)))
    plan = rfonnx.stream(model, "x", 2)
    (front,) = [onnx.numpy_helper.to_array(one) for one in model.graph.initializer if list(one.dims) == [1, 2, 4]]
    (cache,) = [state for state in plan.states if state.shape == (1, 2, 4)]
    assert np.array_equal(np.asarray(cache.initial, np.float32), front)


def test_frames_that_a_host_gives_are_waited_for() -> None:
    """A first cache that is an input."""
    net = Net()
    model = net.model([1, 2, "t"], window(net, net.add("Concat", "cache", "x", axis=2)))
    model.graph.input.append(onnx.helper.make_tensor_value_info("cache", 1, [1, 2, 4]))
    plan = rfonnx.stream(model, "x", 2, 4)
    assert plan.waits == (Wait.GIVEN,)
    assert right(plan)


def test_frames_that_are_too_many_to_be_listed_are_waited_for() -> None:
    net = Net()
    x = net.add("Concat", net.numbers(1, 2, 9000), "x", axis=2)
    plan = rfonnx.stream(net.model([1, 2, "t"], window(net, x, 3)), "x", 2, 4)
    assert plan.waits == (Wait.GIVEN,)

"""Ends that are cropped to the length of another tensor, as in networks that pad nothing: which frames these are depends on the
remainder that the whole leaves."""

from __future__ import annotations

import onnx
import pytest

import rfonnx
from streaming.nets import Net


def cropped(kernel: int, strides: tuple[int, ...]) -> onnx.ModelProto:
    """Down without padding, and up again: each skip is as long as what it is added to."""
    net, x, skips = Net(), "x", list[str]()
    for level, stride in enumerate(strides):
        skips.append(x)
        x = net.add("Relu", net.conv(x, 2 if level else 1, 2, [kernel], strides=[stride]))
    skips.append(x)
    for level, stride in reversed(list(enumerate(strides))):
        skip = net.add("Slice", skips.pop(), net.ints(0), _length(net, x), net.ints(2))
        x = net.add("Add", x, skip)
        x = net.conv(x, 2, 2 if level else 1, [kernel], "ConvTranspose", strides=[stride])
    return net.model([1, 1, "t"], net.add("Tanh", x))


def _length(net: Net, x: str) -> str:
    """x.shape[-1], as exporters write it."""
    return net.add("Unsqueeze", net.add("Gather", net.add("Shape", x), net.whole(2)), net.ints(0))


@pytest.mark.parametrize(
    ("kernel", "strides"), [(8, (4, 4, 4)), (4, (2,)), (3, (2, 2)), (3, (3, 2)), (5, (2, 3, 2)), (7, (5,))]
)
def test_a_skip_is_as_long_as_what_it_is_added_to(kernel: int, strides: tuple[int, ...]) -> None:
    plan = rfonnx.stream(cropped(kernel, strides), "x", 2)
    found = plan.verify()
    assert found.passed
    assert found.structure is not None
    assert not found.structure.differences
    (output,) = plan.manifest.outputs
    assert output.delay == output.least or plan.waits


def test_an_end_that_is_nobodys_is_refused() -> None:
    """The first half: when a frame has come, nobody knows whether it is in it."""
    net = Net()
    half = net.add("Div", _length(net, "x"), net.ints(2))
    model = net.model([1, 2, "t"], net.add("Tanh", net.add("Slice", "x", net.ints(0), half, net.ints(2))))
    with pytest.raises(rfonnx.RfonnxError, match="would go on evenly"):
        rfonnx.stream(model, "x", 2)


def test_a_crop_that_cuts_nothing_of_some_lengths_does_of_others() -> None:
    """Of multiples of 4 nothing is cut; the stream ends as the file does at every remainder."""
    net = Net()
    x = net.conv(net.conv("x", 1, 2, [4], strides=[4]), 2, 1, [4], "ConvTranspose", strides=[4])
    y = net.add("Add", x, net.add("Slice", "x", net.ints(0), _length(net, x), net.ints(2)))
    plan = rfonnx.stream(net.model([1, 1, "t"], net.add("Tanh", y)), "x", 2)
    (output,) = plan.manifest.outputs
    assert [output.length(n) for n in range(4, 10)] == [4, 4, 4, 4, 8, 8]
    assert plan.verify().passed

"""Ends that are cropped, or padded, to the length of another tensor: by how much depends on the remainder of the whole."""

from __future__ import annotations

import onnx
import pytest

import rfonnx
from rfonnx.streaming.offline import within
from streaming.holding import assert_proven
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
    assert_proven(plan)
    (output,) = plan.manifest.outputs
    assert output.delay == output.least or plan.waits


@pytest.mark.parametrize("value", [0.0, 0.5])
@pytest.mark.parametrize("padded", [True, False])
def test_what_comes_up_is_as_long_as_its_skip(padded: bool, value: float) -> None:
    """Halves of odd lengths are rounded down, and what is made of them is padded; or rounded up, and it is cropped."""
    net, x, skips = Net(), "x", list[str]()
    for level in range(2):
        skips.append(x)
        kernel, pads = ([4], [1, 1]) if padded else ([3], [1, 1])
        x = net.add("Relu", net.conv(x, 2 if level else 1, 2, kernel, strides=[2], pads=pads))
    for level in (1, 0):
        x, skip = net.conv(x, 2, 2 if level else 1, [4], "ConvTranspose", strides=[2], pads=[1, 1]), skips.pop()
        if padded:
            missing = net.add("Sub", _length(net, skip), _length(net, x))
            x = net.add("Pad", x, net.add("Concat", net.ints(0, 0, 0, 0, 0), missing, axis=0), net.number(value))
        else:
            x = net.add("Slice", x, net.ints(0), _length(net, skip), net.ints(2))
        x = net.add("Add", x, skip)
    plan = rfonnx.stream(net.model([1, 1, "t"], net.conv(x, 1, 1, [3], pads=[1, 1])), "x", 2)
    assert_proven(plan)
    (output,) = plan.manifest.outputs
    assert (output.delay, output.length.steps) == (output.least, ())


def test_what_is_cropped_at_few_lengths_is_known_from_all_remainders() -> None:
    """Of 96, 104 and 111 frames nothing is cut off, of 67 one is."""
    net = Net()
    skip = net.conv("x", 1, 2, [5], strides=[4])
    x = net.conv(net.conv(skip, 2, 2, [2], strides=[2]), 2, 2, [3], "ConvTranspose", strides=[2])
    end = net.add("Min", _length(net, x), _length(net, skip))
    x, skip = (net.add("Slice", one, net.ints(0), end, net.ints(2)) for one in (x, skip))
    x = net.conv(net.add("Concat", x, skip, axis=1), 4, 2, [3], pads=[1, 1])
    plan = rfonnx.stream(net.model([1, 1, "t"], x), "x", 2)
    (output,) = plan.manifest.outputs
    assert [output.length(n) for n in (96, 104, 111, 67)] == [23, 25, 27, 16]
    assert plan.held_against(within(plan.source.offline)).passed


@pytest.mark.parametrize(("group", "padded"), [(4, True), (4, False), (10, True), (3, False)])
def test_ends_are_filled_up_or_cut_to_whole_groups(group: int, padded: bool) -> None:
    """As encoders do before a stride; what comes out is as long as what went in."""
    net = Net()
    rest = net.add("Mod", _length(net, "x"), net.ints(group))
    if padded:
        missing = net.add("Mod", net.add("Sub", net.ints(group), rest), net.ints(group))
        x = net.add("Pad", "x", net.add("Concat", net.ints(0, 0, 0, 0, 0), missing, axis=0))
    else:
        x = net.add("Slice", "x", net.ints(0), net.add("Sub", _length(net, "x"), rest), net.ints(2))
    x = net.add("Relu", net.conv(x, 1, 3, [group], strides=[group]))
    x = net.conv(x, 3, 1, [group], "ConvTranspose", strides=[group])
    x = net.add("Slice", x, net.ints(0), _length(net, "x"), net.ints(2)) if padded else x
    plan = rfonnx.stream(net.model([1, 1, "t"], net.conv(x, 1, 1, [3], pads=[1, 1])), "x", 2)
    (output,) = plan.manifest.outputs
    assert [output.length(n) for n in range(30, 40)] == [n if padded else n // group * group for n in range(30, 40)]
    assert output.delay == output.least or plan.waits
    assert plan.held_against(within(plan.source.offline)).passed


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
    assert plan.held_against(within(plan.source.offline)).passed

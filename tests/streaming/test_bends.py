"""Frames that are added at the ends are what the file adds, whoever reads them: windows, joins, other pads, tables, outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.streaming.offline import within
from rfonnx.streaming.waits import Wait
from streaming.holding import assert_proven, right, verified
from streaming.nets import Net


def cropped(net: Net) -> str:
    """Which frames are mirrored at the end is known at the end alone. One pad in front, another one behind."""
    x = net.add("Slice", "x", net.ints(0), net.ints(-1), net.ints(2))
    return net.pad(net.pad(x, 3, 2, 1, 0, "reflect"), 3, 2, 0, 3, "reflect")


def behind_first(net: Net) -> str:
    """What is mirrored at the end are frames that were repeated at the start, if there are few."""
    return net.conv(net.pad(net.pad("x", 3, 2, 4, 0, "edge"), 3, 2, 0, 3, "reflect"), 2, 2, [3])


def joined(net: Net) -> str:
    """With what is padded otherwise, and with what is not."""
    x = net.pad("x", 3, 2, 2, 1, "reflect")
    x = net.add("Add", x, net.pad("x", 3, 2, 2, 1, "edge"))
    return net.add("Add", x, net.conv(net.pad("x", 3, 2, 3, 3, "reflect"), 2, 2, [4]))


def pointwise(net: Net) -> str:
    """Whose operands are bent alike."""
    x = net.pad("x", 3, 2, 3, 2, "reflect")
    return net.conv(net.add("Mul", x, net.add("Sigmoid", x)), 2, 2, [3], strides=[2])


def twice(net: Net) -> str:
    """The operator pads, too."""
    return net.conv(net.pad("x", 3, 2, 2, 2, "edge"), 2, 2, [5], pads=[2, 2])


def carried(net: Net) -> str:
    return net.add("CumSum", net.pad("x", 3, 2, 2, 0, "reflect"), net.ints(2))


def shrinking(net: Net) -> str:
    """More at the end than windows reach back."""
    return net.conv(net.pad("x", 3, 2, 0, 5, "reflect"), 2, 2, [2])


CASES: dict[str, Callable[[Net], str]] = {
    made.__name__: made for made in (cropped, behind_first, joined, pointwise, twice, carried, shrinking)
}


@pytest.mark.parametrize("name", CASES)
def test_a_stream_has_the_frames_that_the_file_adds(name: str) -> None:
    net = Net()
    plan = rfonnx.stream(net.model([1, 2, "t"], CASES[name](net)), "x", 2)
    found = verified(plan)
    assert found.passed, found
    assert found.structure is not None
    assert not found.structure.skipped
    (one,) = plan.manifest.outputs
    assert one.least is not None
    assert one.delay >= one.least


def test_frames_of_a_constant_go_with_their_number() -> None:
    """Not with the frame that is mirrored: a file of fixed length, with a value for each."""
    net = Net()
    x = net.add(
        "Add", net.pad("x", 3, 2, 2, 2, "reflect"), net.constant(np.arange(24, dtype=np.float32).reshape(1, 1, 24))
    )
    plan = rfonnx.stream(net.model([1, 2, 20], x), "x", 2)
    assert plan.verify().passed


@pytest.mark.parametrize("crop", [0, 2])
def test_mirrored_frames_are_waited_for_also_where_they_are_cropped(crop: int) -> None:
    net = Net()
    x = net.conv(net.pad("x", 3, 2, 2, 0, "reflect"), 2, 2, [3])
    x = net.add("Slice", x, net.ints(crop), net.ints(2**40), net.ints(2))
    plan = rfonnx.stream(net.model([1, 2, "t"], x), "x", 2, 1)
    (output,) = plan.manifest.outputs
    assert plan.waits == (Wait.MIRRORED,)
    assert (output.delay, output.least) == (2 + crop, 2)
    assert right(plan)


@pytest.mark.parametrize("mode", ["reflect", "edge"])
@pytest.mark.parametrize("end", [0, 2])
def test_a_stack_of_convolutions_waits_for_nothing_but_what_they_see(mode: str, end: int) -> None:
    """Convolutions that are padded by reflection, one behind the other, as codecs have them."""
    net, x = Net(), "x"
    for _ in range(3):
        x = net.add("Relu", net.norm(net.conv(net.pad(x, 3, 2, 2, end, mode), 2, 2, [5]), 2))
    plan = rfonnx.stream(net.model([1, 2, "t"], x), "x", 2)
    assert [(one.delay, one.least) for one in plan.manifest.outputs] == [(6, 6)]
    assert plan.waits == ()
    assert right(plan)


def uneven(strides: tuple[int, ...], mode: str, tail: int = 0) -> onnx.ModelProto:
    """As EnCodec's encoder is exported: in front of each stride as much is added behind as fills up the last window, and a Slice
    whose end is computed takes all of that."""
    net, x, wide = Net(), "x", 1
    for stride in strides:
        kernel = 2 * stride
        length = net.add("Gather", net.add("Shape", x), net.ints(2))
        windows = net.add("Div", net.add("Add", length, net.ints(stride - 1)), net.ints(stride))
        missing = net.add("Sub", net.add("Mul", windows, net.ints(stride)), length)
        pads = net.add("Concat", net.ints(0, 0, kernel - stride, 0, 0), missing, axis=0)
        x = net.add("Pad", x, pads, mode=mode)
        end = net.add("Sub", net.add("Gather", net.add("Shape", x), net.ints(2)), net.ints(tail))
        x = net.add("Slice", x, net.ints(0), end, net.ints(2))
        x, wide = net.add("Elu", net.conv(x, wide, 2, [kernel], strides=[stride])), 2
    return net.model([1, 1, "t"], x)


@pytest.mark.parametrize("mode", ["reflect", "edge"])
@pytest.mark.parametrize("strides", [(2,), (5,), (2, 4), (4, 3)])
def test_ends_that_fill_up_the_last_window(strides: tuple[int, ...], mode: str) -> None:
    plan = rfonnx.stream(uneven(strides, mode), "x", 2)
    assert_proven(plan)
    (output,) = plan.manifest.outputs
    assert output.delay == output.least == (1 if mode == "reflect" else 0)
    unit = plan.unit
    assert [output.length(n) for n in range(8 * unit + 1, 9 * unit + 1)] == [9] * unit


def test_a_slice_of_all_frames_costs_no_delay() -> None:
    """A Slice of all frames, however its end is computed, hides from no window what the Pad before it adds."""
    plan = rfonnx.stream(uneven((1,), "reflect"), "x", 2)
    (output,) = plan.manifest.outputs
    assert (output.delay, output.least) == (1, 1)
    assert Wait.BENT not in plan.waits


def test_a_slice_of_fewer_frames_does_not_pass_for_one_of_all() -> None:
    plan = rfonnx.stream(uneven((2,), "reflect", tail=1), "x", 2)
    assert plan.held_against(within(plan.source.offline)).passed

"""Ends that are filled up, or cut off: to whole hops, to a length in numbers, at a number."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import DataError
from rfonnx.streaming.offline import run_stream, within
from rfonnx.streaming.stream_plan import StreamPlan
from streaming.nets import Net


def frames(net: Net) -> str:
    """How many there are, as a list of one."""
    return net.add("Slice", net.add("Shape", "x"), net.ints(1), net.ints(2), net.ints(0))


def missing(net: Net, hop: int, how: str) -> str:
    """Frames up to a multiple of the hop, as exporters write it: of whole numbers, or of floats; or one more, at least."""
    length, whole = frames(net), net.ints(hop)
    if how == "whole":
        groups = net.add("Div", net.add("Add", length, net.ints(hop - 1)), whole)
        return net.add("Sub", net.add("Mul", groups, whole), length)
    if how == "rounded":
        parts = net.add("Div", net.add("Cast", length, to=1), net.constant(np.array([hop], np.float32)))
        return net.add("Sub", net.add("Mul", net.add("Cast", net.add("Ceil", parts), to=7), whole), length)
    rest = net.add("Sub", whole, net.add("Mod", length, whole))
    return rest if how == "never none" else net.add("Mod", rest, whole)


def filled(net: Net, more: str, before: int = 0) -> str:
    return net.add("Pad", "x", net.add("Concat", net.ints(0, before, 0), more, axis=0))


def spectrum(net: Net, x: str, hop: int) -> str:
    bins = net.add("STFT", x, net.constant(np.array(hop, np.int64)), net.numbers(2 * hop))
    return net.add("Mul", bins, bins)


def convolved(net: Net, x: str, hop: int) -> str:
    return net.conv(net.add("Unsqueeze", x, net.ints(1)), 1, 2, [2 * hop], strides=[hop])


def hops(hop: int, how: str, then: str) -> onnx.ModelProto:
    """A front end: the signal up to a multiple of the hop, in rows, in windows, or convolved."""
    net = Net()
    x = filled(net, missing(net, hop, how), hop // 2 if then == "windows" else 0)
    if then == "rows":
        made = net.add("MatMul", net.add("Reshape", x, net.ints(0, -1, hop)), net.numbers(hop, 3))
    else:
        made = spectrum(net, x, hop) if then == "windows" else convolved(net, x, hop)
    return net.model([1, "t"], made)


def wrong(plan: StreamPlan, lengths: range | list[int]) -> list[int]:
    """Lengths of which a frame differs, or is missing."""
    run, stream, (output,) = within(plan.source.offline), rfonnx.Stream(plan.model), plan.manifest.outputs
    found = []
    for length in lengths:
        x = np.random.default_rng(length).standard_normal((1, length), np.float32)
        (whole,) = run([output.name], {"x": x})
        made = run_stream(stream, {"x": x}, length)[output.name]
        if made.shape != whole.shape or np.abs(made - whole).max(initial=0) > 1e-5 * np.abs(whole).max(initial=0):
            found.append(length)
    return found


@pytest.mark.parametrize("then", ["rows", "windows", "convolved"])
@pytest.mark.parametrize("how", ["whole", "rounded", "left over", "never none"])
@pytest.mark.parametrize("hop", [7, 160])
def test_hops_that_are_filled_up_at_the_end(hop: int, how: str, then: str) -> None:
    """At lengths of every remainder; nothing waits for the end."""
    plan = rfonnx.stream(hops(hop, how, then), "x", 1)
    (output,) = plan.manifest.outputs
    assert (plan.unit, output.delay) == (hop, output.least)
    first = max(plan.manifest.shortest, hop + 1)
    assert wrong(plan, range(first, first + hop)) == []


def test_what_tensors_see_of_hops_that_are_filled_up_is_the_same() -> None:
    plan = rfonnx.stream(hops(20, "whole", "windows"), "x", 1, 40)
    assert plan.verify().passed


def rows_beside_each_other(hop: int = 16) -> onnx.ModelProto:
    """Windows of four hops as SwiftF0 cuts them: rows, as many as there are whole hops, each beside the next three."""
    net = Net()
    count = net.add("Max", net.add("Div", frames(net), net.ints(hop)), net.ints(1))
    short = net.add("Max", net.add("Sub", net.ints(hop), frames(net)), net.ints(0))
    x = net.add("Pad", "x", net.add("Concat", net.ints(0, 0, 0), short, axis=0))
    length = net.add("Max", frames(net), net.ints(hop))
    whole = net.add("Mul", net.add("Div", net.add("Add", length, net.ints(hop - 1)), net.ints(hop)), net.ints(hop))
    end = net.add("Add", net.add("Sub", whole, length), net.ints(2 * hop))
    x = net.add(
        "Reshape", net.add("Pad", x, net.add("Concat", net.ints(0, 2 * hop, 0), end, axis=0)), net.ints(-1, hop)
    )
    rows = [net.add("Slice", x, net.ints(k), net.add("Add", count, net.ints(k)), net.ints(0)) for k in range(4)]
    return net.model([1, "t"], net.add("MatMul", net.add("Concat", *rows, axis=1), net.numbers(4 * hop, 3)))


def test_rows_of_whole_hops_of_what_is_filled_up_to_them() -> None:
    plan = rfonnx.stream(rows_beside_each_other(), "x", 1)
    (output,) = plan.manifest.outputs
    assert (plan.unit, output.delay, output.least) == (16, 1, 1)
    assert [output.length(n) for n in (16, 31, 32)] == [1, 1, 2]
    assert wrong(plan, range(40, 56)) == []
    assert plan._structure({plan.unit: plan}).differences == ()


def test_an_end_at_a_half_is_refused() -> None:
    """In groups, too: which frames are in it is known at the end."""
    net = Net()
    half = net.add("Div", frames(net), net.ints(64))
    x = net.add("Slice", "x", net.ints(0), net.add("Mul", half, net.ints(32)), net.ints(1))
    with pytest.raises(rfonnx.RfonnxError, match="would go on evenly"):
        rfonnx.stream(net.model([1, "t"], net.add("Tanh", x)), "x", 1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("then", [spectrum, convolved])
def test_a_length_in_numbers_up_to_which_is_padded(then: object, cut: bool, mirrored: bool) -> None:
    """As speech recognisers do with 30 s: as many frames come out, whatever comes in; what is longer is cut, and refused here."""
    net, most, hop = Net(), 480, 10
    x = net.add("Slice", "x", net.ints(0), net.ints(most), net.ints(1)) if cut else "x"
    more = net.add("Sub", net.ints(most), net.add("Slice", net.add("Shape", x), net.ints(1), net.ints(2), net.ints(0)))
    x = net.add("Pad", x, net.add("Concat", net.ints(0, 0, 0), more, axis=0))
    x = net.add("Pad", x, net.ints(0, hop, 0, hop), mode="reflect") if mirrored else x
    plan = rfonnx.stream(net.model([1, "t"], then(net, x, hop)), "x", 1)  # type: ignore[operator]
    assert plan.manifest.longest == most
    assert plan.verify().passed
    assert wrong(plan, [1, 9, 10, 11, 239, 470, 471, 479, 480]) == []


def test_the_edge_is_not_repeated_up_to_a_length_in_numbers() -> None:
    net = Net()
    pads = net.add("Concat", net.ints(0, 0, 0), net.add("Sub", net.ints(480), frames(net)), axis=0)
    x = net.add("Pad", "x", pads, mode="edge")
    with pytest.raises(rfonnx.RfonnxError, match="up to a length in numbers"):
        rfonnx.stream(net.model([1, "t"], convolved(net, x, 10)), "x", 1)


@pytest.mark.parametrize(("first", "last", "most"), [(0, 5000, 5000), (3, 5000, 5000), (-5000, 2**40, 5000)])
def test_a_crop_at_a_number_is_another_crop_of_what_is_longer(first: int, last: int, most: int) -> None:
    """At the lengths at which the model is looked at, nothing is cut there."""
    net = Net()
    x = net.add("Slice", "x", net.ints(first), net.ints(last), net.ints(1))
    plan = rfonnx.stream(net.model([1, "t"], convolved(net, x, 10)), "x", 1, 100)
    assert plan.manifest.longest == most
    assert wrong(plan, [most - 1, most]) == []
    stream = rfonnx.Stream(plan.model)
    for _ in range(most // 100):
        stream.push(np.zeros((1, 100), np.float32))
    with pytest.raises(DataError, match=f"a stream has {most} frames at most, for the model has a table, a crop or a"):
        stream.push(np.zeros((1, 100), np.float32))


@pytest.mark.parametrize("most", [2_880_000, 300_000_000])
def test_a_crop_far_beyond_all_lengths_that_were_run_ends_there_too(most: int) -> None:
    net = Net()
    x = net.add("Slice", "x", net.ints(0), net.ints(most), net.ints(1))
    assert rfonnx.stream(net.model([1, "t"], convolved(net, x, 10)), "x", 1).manifest.longest == most


def test_a_crop_at_a_number_that_shapes_tell_is_one_too() -> None:
    """`x[:min(t, 5000)]`."""
    net = Net()
    x = net.add("Slice", "x", net.ints(0), net.add("Min", frames(net), net.ints(5000)), net.ints(1))
    plan = rfonnx.stream(net.model([1, "t"], convolved(net, x, 10)), "x", 1)
    assert plan.manifest.longest == 5000


def test_an_open_end_is_no_number() -> None:
    net = Net()
    x = net.add("Slice", "x", net.ints(2), net.ints(2**31 - 1), net.ints(1))
    assert rfonnx.stream(net.model([1, "t"], convolved(net, x, 10)), "x", 1).manifest.longest == 0

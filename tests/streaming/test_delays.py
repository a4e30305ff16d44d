"""Delays against those of tract's `pulse`, which does the same for its own runtime, by the formulas of its source (pulse/src/ops:
cnn/pools.rs, cnn/deconv.rs, downsample.rs, array/pad.rs): d is the delay of what comes in."""

from __future__ import annotations

import random

import onnx
import pytest

import rfonnx
from rfonnx.streaming.waits import Wait
from streaming.nets import Net


def window(d: int, kernel: int, stride: int, dilation: int, before: int) -> int:
    """Convolutions and pools: `overlap = max(0, span - stride)`, and delayed so far that nothing comes early and steps meet."""
    overlap = max(0, (kernel - 1) * dilation + 1 - stride)
    extra = max(0, before - d - overlap)
    extra += -(d + overlap + extra - before) % stride
    return (d + overlap + extra - before) // stride


def picked(d: int, start: int, step: int) -> int:
    """A crop of the start, and steps."""
    return (d + start) // step


def padded(d: int, before: int) -> int:
    """Padding by one value: the input is delayed until there is room for it."""
    return max(d, before) - before


def chain(seed: int) -> tuple[onnx.ModelProto, int]:
    """Some windows and crops one after another, and their delay."""
    rng, net, x, d = random.Random(seed), Net(seed), "x", 0
    for place in range(3):
        kernel, stride, dilation = rng.randint(1, 5), rng.choice([1, 1, 2, 3]), rng.randint(1, 3)
        before = rng.randint(0, (kernel - 1) * dilation)
        kind = rng.choice(["Conv", "MaxPool", "Slice"] if place else ["Conv", "MaxPool", "ConvTranspose"])
        if kind == "Conv":
            x = net.conv(x, 2, 2, [kernel], strides=[stride], dilations=[dilation], pads=[before, rng.randint(0, 3)])
            d = window(d, kernel, stride, dilation, before)
        elif kind == "MaxPool":
            before = rng.randint(0, kernel - 1)
            x = net.add(
                "MaxPool", x, kernel_shape=[kernel], strides=[stride], pads=[before, rng.randint(0, kernel - 1)]
            )
            d = window(d, kernel, stride, 1, before)
        elif kind == "ConvTranspose":
            kernel = max(kernel, stride)
            d = rng.randint(0, kernel - stride)  # what is cut, of no more than there is beyond whole steps
            x = net.conv(x, 2, 2, [kernel], kind, strides=[stride], pads=[d, 0])
        else:
            start = rng.randint(0, 4)
            x = net.add("Slice", x, net.ints(start), net.ints(2**40), net.ints(2), net.ints(stride))
            d = picked(d, start, stride)
    return net.model([1, 2, "t"], net.add("Tanh", x)), d


@pytest.mark.parametrize("seed", range(24))
def test_windows_and_crops_wait_as_long(seed: int) -> None:
    model, delay = chain(seed)
    (output,) = rfonnx.stream(model, "x", 2).manifest.outputs
    assert output.delay <= delay
    assert output.delay in (delay, output.least)


@pytest.mark.parametrize("kernel", [2, 5])
def test_padding_in_front_of_a_window_is_counted_not_waited_for(kernel: int) -> None:
    net = Net()
    y = net.conv(net.pad("x", 3, 2, kernel - 1), 2, 2, [kernel])
    (output,) = rfonnx.stream(net.model([1, 2, "t"], y), "x", 2).manifest.outputs
    assert output.delay == 0
    assert window(padded(0, kernel - 1), kernel, 1, 1, 0) == kernel - 1


def test_windows_that_an_stft_lays_are_told_as_those_of_a_convolution() -> None:
    net = Net()
    up = net.add("Squeeze", net.up("x", 1, 1, 3), net.ints(1))
    framed = net.add("STFT", net.add("Unsqueeze", up, net.ints(2)), net.whole(2), "", net.whole(8))
    plan = rfonnx.stream(net.model([1, 1, "t"], framed), "x", 2)
    (output,) = plan.manifest.outputs
    assert output.delay == output.least or Wait.STEPPED in plan.waits

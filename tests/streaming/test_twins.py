"""Streams against models that people rewrote for streaming by hand: the same output, and a delay that is no larger."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.model.runtime import open_session
from streaming.nets import Net

FRAMES, BINS, WIDE, HIDDEN = 23, 9, 4, 3


class Enhancer:
    """A small speech enhancer of the kind of GTCRN: causal convolutions over frames and bins, a dilated depthwise one, a gate
    from a recurrent layer over the energy of frames, a recurrent layer over bins, one over frames, and a transposed convolution.

    Offline, and one frame at a time with caches that are inputs and outputs, as its authors write it by hand.
    """

    def __init__(self, stream: bool) -> None:
        self.net, self.stream = Net(3), stream
        self.before: dict[str, tuple[int, ...]] = {}
        self.after: list[str] = []

    def past(self, x: str, channels: int, bins: int, frames: int) -> str:
        """With the frames before it: zeros, or a cache."""
        if not self.stream:
            return self.net.pad(x, 4, 2, frames)
        cache = f"cache{len(self.before)}"
        self.before[cache] = (1, channels, frames, bins)
        joined = self.net.add("Concat", cache, x, axis=2)
        self.after.append(self.net.add("Slice", joined, self.net.ints(-frames), self.net.ints(2**40), self.net.ints(2)))
        return joined

    def recurrent(self, x: str, ins: int, batch: int, steps: bool) -> str:
        """Of (steps, batch, channels), where the steps are frames or bins."""
        net, first = self.net, ""
        weights = [net.numbers(1, 3 * HIDDEN, ins), net.numbers(1, 3 * HIDDEN, HIDDEN), net.numbers(1, 6 * HIDDEN)]
        if steps and self.stream:
            first = f"cache{len(self.before)}"
            self.before[first] = (1, batch, HIDDEN)
        name = f"gru{len(net.nodes)}"
        inputs = [x, *weights, "", first] if first else [x, *weights]
        net.nodes.append(onnx.helper.make_node("GRU", inputs, [name, f"{name}/last"], name, hidden_size=HIDDEN))
        if first:
            self.after.append(f"{name}/last")
        return net.add("Squeeze", name, net.ints(1))

    def model(self) -> onnx.ModelProto:
        net = self.net
        x = self.past("x", 2, BINS, 2)
        x = net.add("PRelu", net.conv(x, 2, WIDE, [3, 3], strides=[1, 2], pads=[0, 1, 0, 1]), net.numbers(WIDE, 1, 1))
        inner = self.past(x, WIDE, 5, 4)
        inner = net.add("Conv", inner, net.numbers(WIDE, 1, 3, 3), dilations=[2, 1], pads=[0, 1, 0, 1], group=WIDE)
        inner = net.add("PRelu", inner, net.numbers(WIDE, 1, 1))
        energy = net.add("ReduceMean", net.add("Mul", inner, inner), axes=[3], keepdims=0)
        gate = self.recurrent(net.add("Transpose", energy, perm=[2, 0, 1]), WIDE, 1, True)
        gate = net.add("Sigmoid", net.add("MatMul", gate, net.numbers(HIDDEN, WIDE)))
        gate = net.add("Unsqueeze", net.add("Transpose", gate, perm=[1, 2, 0]), net.ints(3))
        x = net.add("Add", x, net.add("Mul", inner, gate))
        over_bins = net.add("Transpose", net.add("Squeeze", x, net.ints(0)), perm=[2, 1, 0])
        made = net.add("MatMul", self.recurrent(over_bins, WIDE, 1, False), net.numbers(HIDDEN, WIDE))
        x = net.add("Add", x, net.add("Unsqueeze", net.add("Transpose", made, perm=[2, 1, 0]), net.ints(0)))
        over_frames = net.add("Transpose", net.add("Squeeze", x, net.ints(0)), perm=[1, 2, 0])
        made = net.add("MatMul", self.recurrent(over_frames, WIDE, 5, True), net.numbers(HIDDEN, WIDE))
        x = net.add("Add", x, net.add("Unsqueeze", net.add("Transpose", made, perm=[2, 0, 1]), net.ints(0)))
        mask = net.add("Tanh", net.conv(x, WIDE, 2, [1, 3], "ConvTranspose", strides=[1, 2], pads=[0, 1, 0, 1]))
        y = net.add("Mul", "x", mask)
        frames = 1 if self.stream else "t"
        return net.model([1, 2, frames, BINS], y, *self.after, **self.before)


def test_a_stream_is_what_is_written_by_hand() -> None:
    by_hand = Enhancer(stream=True)
    twin = open_session(by_hand.model())
    offline = Enhancer(stream=False).model()
    x = np.random.default_rng(0).standard_normal((1, 2, FRAMES, BINS)).astype(np.float32)
    (whole,) = open_session(offline, level="none").run(None, {"x": x})
    plan = rfonnx.stream(offline, "x", 2, 1)
    assert list(plan.delay.values()) == [0]
    stream = rfonnx.Stream(plan.model)
    (name,) = plan.delay
    states = {cache: np.zeros(shape, np.float32) for cache, shape in by_hand.before.items()}
    for frame in range(FRAMES):
        chunk = x[:, :, frame : frame + 1]
        expected, *after = twin.run(None, {"x": chunk, **states})
        states = dict(zip(states, after, strict=True))
        found = stream.push(chunk)[name]
        assert np.abs(found - expected).max() <= 1e-6
        assert np.abs(found - whole[:, :, frame : frame + 1]).max() <= 1e-6
    carried = sum(int(np.prod(one.shape)) for one in plan.states if one.dtype == "float32")
    assert carried == sum(int(np.prod(shape)) for shape in by_hand.before.values())


def chopped_tcn() -> onnx.ModelProto:
    """The network of StreamEase's example for MNIST: padded on both sides, and the end cut off again."""
    net, x, wide = Net(), "x", 28
    for channels, kernel, dilation, active in ((36, 3, 1, True), (40, 5, 2, True), (28, 2, 4, False)):
        pad = (kernel - 1) * dilation
        x = net.conv(x, wide, channels, [kernel], dilations=[dilation], pads=[pad, pad])
        x, wide = net.add("Relu", x) if active else x, channels
        x = net.add("Slice", x, net.ints(0), net.ints(-pad), net.ints(2))
    return net.model([1, 28, "t"], x)


def tasnet() -> onnx.ModelProto:
    """The network of StreamEase's example of speech separation, narrower: 3 stacks of 2 causal depthwise convolutions, normalised
    over all frames so far, between an encoder of 32 samples and its decoder."""
    net = Net()
    code = net.conv("x", 1, 8, [32], strides=[16])
    x = net.conv(cumulative(net, code, 8), 8, 4, [1])
    for dilation in (1, 2) * 3:
        inner = net.add("PRelu", net.conv(x, 4, 8, [1]), net.numbers(8, 1))
        inner = cumulative(net, inner, 8)
        inner = net.add("Conv", inner, net.numbers(8, 1, 3), dilations=[dilation], group=8, pads=[2 * dilation] * 2)
        inner = net.add("Slice", inner, net.ints(0), net.ints(-2 * dilation), net.ints(2))
        inner = cumulative(net, net.add("PRelu", inner, net.numbers(8, 1)), 8)
        x = net.add("Add", x, net.conv(inner, 8, 4, [1]))
    mask = net.add("Sigmoid", net.conv(x, 4, 8, [1]))
    decoded = net.conv(net.add("Mul", code, mask), 8, 1, [32], "ConvTranspose", strides=[16])
    return net.model([1, 1, "t"], decoded)


def cumulative(net: Net, x: str, channels: int) -> str:
    """Mean and variance of all channels of all frames so far."""
    half = net.constant(np.full(1, -1, np.float32))
    square = net.add("ReduceSum", net.add("Mul", x, x), net.ints(1), keepdims=1)
    each = net.add("Cast", net.add("Greater", square, half), to=1)
    count = net.add("Mul", net.add("CumSum", each, net.ints(2)), net.constant(np.full(1, channels, np.float32)))
    mean = net.add("Div", net.add("CumSum", net.add("ReduceSum", x, net.ints(1)), net.ints(2)), count)
    power = net.add("Div", net.add("CumSum", square, net.ints(2)), count)
    spread = net.add("Relu", net.add("Sub", power, net.add("Mul", mean, mean)))
    scale = net.add("Sqrt", net.add("Add", spread, net.constant(np.full(1, 1e-4, np.float32))))
    return net.add("Div", net.add("Sub", x, mean), scale)


@pytest.mark.parametrize(("make", "unit", "delay"), [(chopped_tcn, 1, 0), (tasnet, 16, 16)])
def test_networks_that_another_tool_converts(make: object, unit: int, delay: int) -> None:
    """`delay`: what is asked for by an encoder of two steps, whose first frame needs both."""
    assert callable(make)
    plan = rfonnx.stream(make(), "x", 2)
    (output,) = plan.manifest.outputs
    assert (plan.unit, output.delay, output.least) == (unit, delay, delay)
    assert plan.verify().passed

"""Nets of the sizes that people stream, for `streams.py`. Weights are random."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from streaming.nets import Net


def tcn(channels: int, dilations: tuple[int, ...], causal: bool) -> onnx.ModelProto:
    """Residual blocks of dilated convolutions of 3 taps."""
    net, x = Net(), "x"
    for dilation in dilations:
        padded = net.pad(x, 3, 2, 2 * dilation) if causal else x
        pads = [0, 0] if causal else [dilation, dilation]
        inner = net.conv(padded, channels, channels, [3], dilations=[dilation], pads=pads)
        inner = (
            net.add("PRelu", inner, net.numbers(channels, 1)) if causal else net.add("Relu", net.norm(inner, channels))
        )
        x = net.add("Add", x, inner)
    return net.model([1, channels, "t"], x)


def wavenet(channels: int, dilations: tuple[int, ...]) -> onnx.ModelProto:
    """Gated causal convolutions of 2 taps, with skips that are added up."""
    net = Net()
    x, skips = net.conv("x", 1, channels, [1]), ""
    for dilation in dilations:
        padded = net.pad(x, 3, 2, dilation)
        gates = [net.conv(padded, channels, channels, [2], dilations=[dilation]) for _ in range(2)]
        gated = net.add("Mul", net.add("Tanh", gates[0]), net.add("Sigmoid", gates[1]))
        x = net.add("Add", x, net.conv(gated, channels, channels, [1]))
        skip = net.conv(gated, channels, channels, [1])
        skips = net.add("Add", skips, skip) if skips else skip
    return net.model([1, 1, "t"], net.conv(net.add("Relu", skips), channels, 1, [1]))


def codec(channels: int) -> onnx.ModelProto:
    """As EnCodec: strides 2, 4, 5 with residual blocks between them, an LSTM, and back."""
    net, wide = Net(), channels
    x = net.conv(net.pad("x", 3, 2, 6), 1, wide, [7])
    for stride in (2, 4, 5):
        x = residual(net, x, wide)
        x = net.conv(net.pad(net.add("Elu", x), 3, 2, stride), wide, 2 * wide, [2 * stride], strides=[stride])
        wide *= 2
    x = net.add("Add", x, net.recurrent(x, "LSTM", wide, wide))
    for stride in (5, 4, 2):
        x = net.conv(net.add("Elu", x), wide, wide // 2, [2 * stride], "ConvTranspose", strides=[stride])
        x, wide = net.add("Slice", x, net.ints(0), net.ints(-stride), net.ints(2)), wide // 2
        x = residual(net, x, wide)
    return net.model([1, 1, "t"], net.conv(net.pad(net.add("Elu", x), 3, 2, 6), wide, 1, [7]))


def residual(net: Net, x: str, wide: int) -> str:
    """Three taps to half the channels, one tap back."""
    inner = net.conv(net.pad(net.add("Elu", x), 3, 2, 2), wide, wide // 2, [3])
    return net.add("Add", x, net.conv(net.add("Elu", inner), wide // 2, wide, [1]))


def tasnet(channels: int, norm: bool) -> onnx.ModelProto:
    """As ConvTasNet: an encoder of 16 samples and step 8, depthwise causal convolutions, a mask, a decoder."""
    net = Net()
    code = net.add("Relu", net.conv("x", 1, channels, [16], strides=[8]))
    x = net.conv(code, channels, channels // 2, [1])
    for dilation in (1, 2, 4, 8) * 2:
        inner = net.add("PRelu", net.conv(x, channels // 2, channels, [1]), net.numbers(channels, 1))
        inner = cumulative(net, inner, channels) if norm else inner
        weights = net.numbers(channels, 1, 3)
        inner = net.add(
            "Conv",
            net.pad(inner, 3, 2, 2 * dilation),
            weights,
            net.numbers(channels),
            dilations=[dilation],
            group=channels,
        )
        inner = net.add("PRelu", inner, net.numbers(channels, 1))
        x = net.add("Add", x, net.conv(inner, channels, channels // 2, [1]))
    masked = net.add("Mul", code, net.add("Sigmoid", net.conv(x, channels // 2, channels, [1])))
    return net.model([1, 1, "t"], net.conv(masked, channels, 1, [16], "ConvTranspose", strides=[8]))


def cumulative(net: Net, x: str, channels: int) -> str:
    """Normalised by mean and variance of all frames so far."""
    square = net.add("ReduceMean", net.add("Mul", x, x), axes=[1])
    ones = net.add("Cast", net.add("Greater", square, net.constant(np.full(1, -1, np.float32))), to=1)
    count = net.add("CumSum", ones, net.ints(2))
    mean = net.add("Div", net.add("CumSum", net.add("ReduceMean", x, axes=[1]), net.ints(2)), count)
    power = net.add("Div", net.add("CumSum", square, net.ints(2)), count)
    variance = net.add("Sub", power, net.add("Mul", mean, mean))
    scale = net.add("Sqrt", net.add("Add", net.add("Relu", variance), net.constant(np.full(1, 1e-5, np.float32))))
    return net.add("Div", net.add("Sub", x, mean), scale)


def unet(channels: int) -> onnx.ModelProto:
    """Three levels, transposed convolutions, skips; all padded on both sides."""
    net, x, wide, skips = Net(), "x", 1, list[tuple[str, int]]()
    for level in range(3):
        x, wide = net.add("Relu", net.conv(x, wide, (level + 1) * channels, [5], pads=[2, 2])), (level + 1) * channels
        skips.append((x, wide))
        x = net.add("MaxPool", x, kernel_shape=[2], strides=[2])
    x = net.add("Relu", net.conv(x, wide, wide, [5], pads=[2, 2]))
    for skip, own in reversed(skips):
        x = net.add("Concat", net.conv(x, wide, wide, [2], "ConvTranspose", strides=[2]), skip, axis=1)
        x, wide = net.add("Relu", net.conv(x, wide + own, own, [5], pads=[2, 2])), own
    return net.model([1, 1, "t"], net.conv(x, wide, 1, [1]))


def crn(bins: int, causal: bool, channels: tuple[int, int] = (16, 32)) -> onnx.ModelProto:
    """2-D convolutions over (frames, bins), one recurrent layer over bins and one over frames, and back with skips."""
    net, wide, skips, sizes = Net(), 1, list[str](), [bins]
    x, before = "x", 2 if causal else 1
    for own in channels:
        x = net.add("Pad", x, net.ints(0, 0, before, 1, 0, 0, 2 - before, 1))
        x, wide = net.add("Elu", net.conv(x, wide, own, [3, 3], strides=[1, 2])), own
        sizes.append((sizes[-1] + 2 - 3) // 2 + 1)
        skips.append(x)
    for order, back in (((3, 0, 2, 1), (1, 3, 2, 0)), ((2, 0, 3, 1), (1, 3, 0, 2))):  # over bins; over frames
        flat = net.add("Transpose", x, perm=order)  # (steps, 1, batch, channels)
        gates = [net.numbers(1, 3 * wide, wide) for _ in range(2)]
        turned = net.add(
            "GRU", net.add("Squeeze", flat, net.ints(1)), *gates, net.numbers(1, 6 * wide), hidden_size=wide
        )
        x = net.add("Add", x, net.add("Transpose", turned, perm=back))
    for own, size, below in zip((channels[0], 1), sizes[-2::-1], sizes[:0:-1], strict=True):
        x = net.add("Concat", x, skips.pop(), axis=1)
        extra = size - ((below - 1) * 2 + 1)
        x = net.conv(x, 2 * wide, own, [3, 3], "ConvTranspose", strides=[1, 2],
                     pads=[0 if causal else 1, 1, 2 if causal else 1, 1], output_padding=[0, extra])  # fmt: skip
        x, wide = net.add("Elu", x), own
    return net.model([1, 1, "t", bins], x)


def video(channels: int) -> onnx.ModelProto:
    """3-D convolutions over (frames, rows, columns), a step of 2 in time, and (2+1)-D ones."""
    net = Net()
    x = net.add("Relu", net.conv("x", 3, channels, [3, 3, 3], strides=[2, 2, 2], pads=[1] * 6))
    for _ in range(2):
        x = net.add("Relu", net.conv(x, channels, channels, [1, 3, 3], pads=[0, 1, 1, 0, 1, 1]))
        x = net.add("Relu", net.conv(x, channels, channels, [3, 1, 1], pads=[1, 0, 0, 1, 0, 0]))
    return net.model([1, 3, "t", 16, 16], net.add("ReduceMean", x, axes=[3, 4], keepdims=0))


def sub_pixel(channels: int) -> onnx.ModelProto:
    """Convolutions that look ahead, of as many channels as come in and go out, then 4 frames for each."""
    net = Net()
    x = net.add("Relu", net.conv("x", channels, channels, [3], pads=[1, 1]))
    x = net.conv(x, channels, channels, [3], pads=[1, 1])
    x = net.conv(x, channels, 4 * channels, [3], pads=[1, 1])
    x = net.add("Transpose", net.add("Reshape", x, net.ints(1, 4, channels, -1)), perm=[0, 2, 3, 1])
    return net.model([1, channels, "t"], net.add("Reshape", x, net.ints(1, channels, -1)))


@dataclass(frozen=True)
class Larger:
    """A net, its axis of frames, chunks, frames that re-running the window takes beside a chunk (0: what an output sees), and the
    speed-ups that an earlier program had with nets of this kind, by chunk."""

    make: Callable[[], onnx.ModelProto]
    axis: int
    chunks: tuple[int, ...]
    window: int
    before: tuple[float, ...]


LARGER = {
    "causal TCN 256": Larger(lambda: tcn(256, (1, 2, 4, 8, 16, 32), True), 2, (1, 16, 160), 0, (8.8, 5.9, 1.8)),
    "WaveNet 96": Larger(lambda: wavenet(96, (1, 2, 4, 8, 16, 32) * 2), 2, (1, 16, 160), 0, (6.3, 4.0, 1.6)),
    "symmetric TCN 256": Larger(lambda: tcn(256, (1, 2, 4, 8, 4, 1), False), 2, (1, 16, 160), 0, (2.4, 2.0, 1.2)),
    "codec 48": Larger(lambda: codec(48), 2, (40, 320), 2000, (21, 8.7)),
    "ConvTasNet 256": Larger(lambda: tasnet(256, False), 2, (8,), 0, (2.6,)),
    "ConvTasNet 256, cumulative norm": Larger(lambda: tasnet(256, True), 2, (8,), 2000, (4.6,)),
    "U-Net 64": Larger(lambda: unet(64), 2, (8, 80), 0, (1.3, 1.2)),
    "CRN 16, 32": Larger(lambda: crn(161, True), 2, (1, 4), 60, (37, 27)),
    "CRN 16, 32, symmetric": Larger(lambda: crn(161, False), 2, (1, 4), 60, (63, 32)),
    "CRN 32, 64": Larger(lambda: crn(161, True, (32, 64)), 2, (1, 4), 60, (37, 27)),
    "CRN 32, 64, symmetric": Larger(lambda: crn(161, False, (32, 64)), 2, (1, 4), 60, (63, 32)),
    "video 32": Larger(lambda: video(32), 2, (2, 8), 0, (4.1, 1.9)),
    "sub-pixel 128": Larger(lambda: sub_pixel(128), 2, (1, 16), 0, (1.4, 1.1)),
}


def asked(told: str | None, option: str, count: int) -> tuple[int, list[str]]:
    """What the command line of a benchmark says: a count, of `--option`, and the nets; all where none is named.

    `told`: what the benchmark says of itself.
    """
    words = argparse.ArgumentParser(description=told)
    words.add_argument(f"--{option}", dest="count", type=int, default=count)
    words.add_argument("nets", nargs="*", default=list(LARGER))
    found = words.parse_args()
    return found.count, found.nets

"""Nets that stream, small ones: temporal convolutions, a U-Net, a codec, one with a recurrent layer between convolutions, video.

Weights are random; shapes are those of published networks, narrower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """A graph while it is written; every method adds nodes and gives the output."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []

    def add(self, op: str, *inputs: str, **attrs: Any) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attrs))
        return name

    def constant(self, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(value, f"w{len(self.weights)}"))
        return self.weights[-1].name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def numbers(self, *shape: int) -> str:
        fan = max(1, int(np.prod(shape[1:])))
        return self.constant((self.rng.standard_normal(shape) / np.sqrt(fan)).astype(np.float32))

    def conv(self, x: str, ins: int, outs: int, kernel: Sequence[int], op: str = "Conv", **attrs: Any) -> str:
        shape = (ins, outs) if op == "ConvTranspose" else (outs, ins)
        return self.add(op, x, self.numbers(*shape, *kernel), self.numbers(outs), **attrs)

    def norm(self, x: str, channels: int) -> str:
        variance = self.constant((self.rng.random(channels) + 0.5).astype(np.float32))
        return self.add("BatchNormalization", x, *(self.numbers(channels) for _ in range(3)), variance)

    def up(self, x: str, *scales: float, mode: str = "nearest") -> str:
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} if mode == "nearest" else {}
        return self.add("Resize", x, "", self.constant(np.array(scales, np.float32)), mode=mode, **how)

    def pad(self, x: str, rank: int, axis: int, begin: int, end: int = 0, mode: str = "constant") -> str:
        pads = [0] * (2 * rank)
        pads[axis], pads[rank + axis] = begin, end
        return self.add("Pad", x, self.ints(*pads), mode=mode)

    def recurrent(self, x: str, op: str, ins: int, hidden: int) -> str:
        """Of (batch, channels, frames)."""
        gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[op]
        turned = self.add("Transpose", x, perm=[2, 0, 1])
        weights = self.numbers(1, gates * hidden, ins), self.numbers(1, gates * hidden, hidden)
        made = self.add(op, turned, *weights, self.numbers(1, 2 * gates * hidden), hidden_size=hidden)
        return self.add("Transpose", self.add("Squeeze", made, self.ints(1)), perm=[1, 2, 0])

    def heads(self, x: str, width: int, heads: int, *perm: int) -> str:
        """A projection of (batch, frames, features), by head."""
        made = self.add("MatMul", x, self.numbers(width, width))
        return self.add("Transpose", self.add("Reshape", made, self.ints(0, 0, heads, width // heads)), perm=perm)

    def whole(self, value: int) -> str:
        return self.constant(np.array(value, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def positions(self, x: str) -> tuple[str, str]:
        """Of (batch, frames, features): numbers of the frames, as a column and as a row."""
        places = self.add(
            "Range", self.whole(0), self.add("Gather", self.add("Shape", x), self.whole(1)), self.whole(1)
        )
        return self.add("Unsqueeze", places, self.ints(1)), self.add("Unsqueeze", places, self.ints(0))

    def long(self, x: str) -> str:
        """The frames of (batch, frames, features)."""
        return self.add("Slice", self.add("Shape", x), self.ints(1), self.ints(2))

    def between(self, x: str, low: int, high: int) -> str:
        least = self.add("GreaterOrEqual", x, self.whole(low))
        return self.add("And", least, self.add("LessOrEqual", x, self.whole(high)))

    def window(self, x: str, before: int, after: int) -> str:
        """Whether a query sees a key: so many before it, and after it."""
        queries, keys = self.positions(x)
        return self.between(self.add("Sub", keys, queries), -before, after)

    def blocks(self, x: str, size: int, earlier: int) -> str:
        """Whether a query sees a key: of its own block, and of so many earlier ones."""
        queries, keys = (self.add("Div", places, self.whole(size)) for places in self.positions(x))
        return self.between(self.add("Sub", queries, keys), 0, earlier)

    def attention(self, x: str, mask: str, width: int = 8, heads: int = 2) -> str:
        """Of (batch, frames, features), with a projection behind it."""
        queries = self.heads(x, width, heads, 0, 2, 1, 3)
        keys, values = self.heads(x, width, heads, 0, 2, 3, 1), self.heads(x, width, heads, 0, 2, 1, 3)
        scores = self.add("Mul", self.add("MatMul", queries, keys), self.number(0.5))
        hidden = self.add("Where", mask, scores, self.number(-np.inf))
        made = self.add("MatMul", self.add("Softmax", hidden, axis=-1), values)
        flat = self.add("Reshape", self.add("Transpose", made, perm=[0, 2, 1, 3]), self.ints(0, 0, width))
        return self.add("MatMul", flat, self.numbers(width, width))

    def feed(self, x: str, width: int) -> str:
        """A residual block of two products."""
        inner = self.add("Relu", self.add("MatMul", self.layer_norm(x, width), self.numbers(width, 2 * width)))
        return self.add("Add", x, self.add("MatMul", inner, self.numbers(2 * width, width)))

    def layer_norm(self, x: str, width: int) -> str:
        return self.add("LayerNormalization", x, self.numbers(width), self.numbers(width), axis=-1)

    def model(
        self, shape: Sequence[int | str], *outputs: str, opset: int = 17, **more: Sequence[int | str]
    ) -> onnx.ModelProto:
        """Of input x, and of those in `more` by name, each with its shape."""
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "net",
            [value(name, TensorProto.FLOAT, list(dims)) for name, dims in {"x": shape, **more}.items()],
            [value(name, TensorProto.FLOAT, None) for name in outputs],
            self.weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def causal_tcn() -> onnx.ModelProto:
    """Pad in front, dilated convolutions, PRelu, residuals."""
    net, x = Net(), "x"
    for dilation in (1, 2, 4, 8):
        inner = net.conv(net.pad(x, 3, 2, 2 * dilation), 4, 4, [3], dilations=[dilation])
        x = net.add("Add", x, net.add("PRelu", inner, net.numbers(4, 1)))
    return net.model([1, 4, "t"], x)


def symmetric_tcn() -> onnx.ModelProto:
    """Padding on both sides, BatchNormalization with a shift."""
    net, x = Net(), "x"
    for dilation in (1, 2, 4):
        inner = net.conv(x, 4, 4, [3], dilations=[dilation], pads=[dilation, dilation])
        x = net.add("Add", x, net.add("Relu", net.norm(inner, 4)))
    return net.model(["n", 4, "t"], x)


def unet(mode: str = "") -> onnx.ModelProto:
    """Three levels with skips; upsampled by transposed convolutions, or by Resize."""
    net, x, channels, skips = Net(), "x", 2, list[tuple[str, int]]()
    for level in range(3):
        wide = 4 * (level + 1)
        x = net.add("Relu", net.conv(x, channels, wide, [3], pads=[1, 1]))
        skips.append((x, wide))
        x, channels = net.add("MaxPool", x, kernel_shape=[2], strides=[2]), wide
    x = net.conv(x, channels, channels, [3], pads=[1, 1])
    for skip, wide in reversed(skips):
        x = (
            net.up(x, 1, 1, 2, mode=mode)
            if mode
            else net.conv(x, channels, channels, [2], "ConvTranspose", strides=[2])
        )
        x = net.add("Concat", x, skip, axis=1)
        x, channels = net.add("Relu", net.conv(x, channels + wide, wide, [3], pads=[1, 1])), wide
    return net.model([1, 2, "t"], x)


def codec(mode: str = "constant", layer: bool = True) -> onnx.ModelProto:
    """As EnCodec, causal: strided convolutions, an LSTM, transposed ones whose ends are cut. `mode`: how it is padded."""
    net, channels = Net(), 4
    x = net.conv(net.pad("x", 3, 2, 6, mode=mode), 1, channels, [7])
    for stride in (2, 4, 5):
        x = net.conv(
            net.pad(net.add("Elu", x), 3, 2, stride, mode=mode), channels, channels, [2 * stride], strides=[stride]
        )
    x = net.add("Add", x, net.recurrent(x, "LSTM", channels, channels)) if layer else x
    for stride in (5, 4, 2):
        x = net.conv(net.add("Elu", x), channels, channels, [2 * stride], "ConvTranspose", strides=[stride])
        x = net.add("Slice", x, net.ints(0), net.ints(-stride), net.ints(2))
    return net.model([1, 1, "t"], net.conv(net.pad(x, 3, 2, 6, mode=mode), channels, 1, [7]))


def crn(causal: bool, op: str = "GRU") -> onnx.ModelProto:
    """2-D convolutions over (frames, bins), a recurrent layer over time, 2-D transposed convolutions with a skip."""
    net = Net()
    pads = [0, 1, 0, 1] if causal else [1, 1, 1, 1]
    x = net.pad("x", 4, 2, 2) if causal else "x"
    first = net.add("Elu", net.conv(x, 1, 3, [3, 3], strides=[1, 2], pads=pads))
    x = net.pad(first, 4, 2, 2) if causal else first
    x = net.add("Elu", net.conv(x, 3, 4, [3, 3], strides=[1, 2], pads=pads))
    flat = net.add("Reshape", net.add("Transpose", x, perm=[0, 1, 3, 2]), net.ints(1, 4 * 3, -1))
    flat = net.recurrent(flat, op, 12, 12)
    x = net.add("Transpose", net.add("Reshape", flat, net.ints(1, 4, 3, -1)), perm=[0, 1, 3, 2])
    x = net.add("Elu", net.conv(x, 4, 3, [1, 3], "ConvTranspose", strides=[1, 2], pads=[0, 1, 0, 1]))
    x = net.add("Concat", x, first, axis=1)
    cut = [0, 1, 0, 1] if causal else [1, 1, 1, 1]
    x = net.conv(x, 6, 1, [1 if causal else 3, 3], "ConvTranspose", strides=[1, 2], pads=cut)
    return net.model([1, 1, "t", 9], net.add("Sigmoid", x))


def video() -> onnx.ModelProto:
    """3-D convolutions over (frames, rows, columns), a step of 2 in time, and (2+1)-D ones."""
    net = Net()
    x = net.add("Relu", net.conv("x", 2, 4, [3, 3, 3], strides=[2, 1, 1], pads=[1] * 6))
    x = net.add("Relu", net.conv(x, 4, 4, [1, 3, 3], pads=[0, 1, 1, 0, 1, 1]))
    x = net.conv(x, 4, 3, [3, 1, 1], pads=[1, 0, 0, 1, 0, 0])
    return net.model([1, 2, "t", 5, 6], net.add("ReduceMean", x, axes=[3, 4], keepdims=0))


def subpixel() -> onnx.ModelProto:
    """Four times the rate: channels become frames by Reshape, Transpose and Reshape."""
    net = Net()
    x = net.add("Relu", net.conv("x", 1, 8, [5], pads=[2, 2]))
    x = net.conv(net.conv(x, 8, 8, [3], pads=[1, 1]), 8, 4, [1])
    x = net.add("Transpose", net.add("Reshape", x, net.ints(0, 1, 4, -1)), perm=[0, 1, 3, 2])
    return net.model([1, 1, "t"], net.add("Reshape", x, net.ints(0, 1, -1)))


def blocks(mode: str, axis: int) -> onnx.ModelProto:
    """Rows in blocks of 2: SpaceToDepth, a convolution that looks ahead, DepthToSpace, and another one."""
    net = Net()
    x = net.conv(net.add("SpaceToDepth", "x", blocksize=2), 8, 8, [3, 3], pads=[1] * 4)
    x = net.conv(net.add("DepthToSpace", x, blocksize=2, mode=mode), 2, 2, [3, 3], pads=[1] * 4)
    shape: list[int | str] = [1, 2, 6, 6]
    shape[axis] = "t"
    return net.model(shape, x)


def two_outputs() -> onnx.ModelProto:
    """A causal output and one that looks ahead, of a batch."""
    net = Net()
    early = net.add("Tanh", net.conv(net.pad("x", 3, 2, 2), 2, 3, [3]))
    late = net.conv(early, 3, 2, [5], pads=[2, 2], strides=[2])
    return net.model(["n", 2, "t"], early, late)


def scan() -> onnx.ModelProto:
    """A recurrence that is written as a Scan, which also counts its rounds, between convolutions that look ahead."""
    net = Net()
    x = net.add("Transpose", net.conv("x", 2, 2, [3], pads=[1, 1]), perm=[2, 0, 1])
    body = [
        helper.make_node("MatMul", ["s", net.numbers(2, 2)], ["kept"]),
        helper.make_node("Add", ["kept", "now"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["s_next"]),
        helper.make_node("Add", ["round", net.constant(np.ones((1, 1), np.float32))], ["round_next"]),
        helper.make_node("Sin", ["round"], ["wave"]),
        helper.make_node("Add", ["s_next", "wave"], ["y"]),
    ]
    info = helper.make_tensor_value_info
    inputs = [info("s", 1, [1, 2]), info("round", 1, [1, 1]), info("now", 1, [1, 2])]
    outputs = [info("s_next", 1, [1, 2]), info("round_next", 1, [1, 1]), info("y", 1, [1, 2])]
    graph = helper.make_graph(body, "body", inputs, outputs)
    first = net.numbers(1, 2), net.constant(np.zeros((1, 1), np.float32))
    names = ["s_last", "rounds", "y_all"]
    net.nodes.append(helper.make_node("Scan", [*first, x], names, "scan", body=graph, num_scan_inputs=1))
    y = net.add("Transpose", "y_all", perm=[1, 2, 0])
    return net.model([1, 2, "t"], net.conv(y, 2, 1, [3], pads=[1, 1]))


def mel_classifier() -> onnx.ModelProto:
    """Log power of an STFT, a convolution that looks ahead, an LSTM, and classes of its last state."""
    net = Net()
    step, size = (net.constant(np.array(n, np.int64)) for n in (4, 10))
    signal = net.add("Squeeze", "x", net.ints(1))
    bins = net.add("STFT", signal, step, net.constant(np.hanning(10).astype(np.float32)), size)
    power = net.add("ReduceSumSquare", bins, axes=[3], keepdims=0)
    x = net.add("Log", net.add("Add", power, net.constant(np.array(1e-2, np.float32))))
    x = net.conv(net.add("Transpose", x, perm=[0, 2, 1]), 6, 3, [3], pads=[1, 1])
    turned = net.add("Transpose", x, perm=[2, 0, 1])
    weights = net.numbers(1, 16, 3), net.numbers(1, 16, 4), net.numbers(1, 32)
    net.nodes.append(helper.make_node("LSTM", [turned, *weights], ["", "last"], "lstm", hidden_size=4))
    return net.model([1, 1, "t"], net.add("MatMul", net.add("Squeeze", "last", net.ints(0)), net.numbers(4, 5)))


def echo_canceller() -> onnx.ModelProto:
    """Microphone and reference, the latter with its frames first: each has its encoder; their features wait for each other."""
    net = Net()
    near = net.add("Relu", net.conv("x", 1, 3, [5], pads=[2, 2]))
    far = net.conv(net.pad(net.add("Transpose", "reference", perm=[1, 2, 0]), 3, 2, 2), 1, 3, [3])
    both = net.recurrent(net.add("Concat", near, far, axis=1), "GRU", 6, 4)
    return net.model([1, 1, "t"], net.add("Mul", "x", net.conv(both, 4, 1, [1])), reference=["t", 1, 1])


def banded(before: int, after: int) -> onnx.ModelProto:
    """Two layers of a transformer whose every frame sees some before it and some after it, of a batch."""
    net, x = Net(), "x"
    mask = net.window(x, before, after)
    for _ in range(2):
        x = net.feed(net.add("Add", x, net.attention(net.layer_norm(x, 8), mask)), 8)
    return net.model(["n", "t", 8], x)


def conformer(size: int, earlier: int) -> onnx.ModelProto:
    """As streaming conformers are: half the rate, blocks of frames that see themselves and earlier ones, causal convolutions."""
    net = Net()
    x = net.add("Relu", net.conv(net.pad("x", 3, 2, 2), 4, 8, [3], strides=[2]))
    x = net.add("Transpose", x, perm=[0, 2, 1])
    mask = net.blocks(x, size, earlier)
    for _ in range(2):
        x = net.add("Add", net.feed(x, 8), net.attention(net.layer_norm(x, 8), mask))
        turned = net.pad(net.add("Transpose", net.layer_norm(x, 8), perm=[0, 2, 1]), 3, 2, 4)
        gated = net.conv(turned, 1, 8, [5], group=8)
        x = net.add("Add", x, net.add("Transpose", net.add("Mul", gated, net.add("Sigmoid", gated)), perm=[0, 2, 1]))
    return net.model([1, 4, "t"], x)


def centred(mode: str) -> onnx.ModelProto:
    """Spectra of windows whose middles are multiples of the step: half a window is added at both ends."""
    net = Net()
    x = net.add("Unsqueeze", net.pad("x", 2, 1, 64, 64, mode), net.ints(2))
    window = net.constant(np.hanning(128).astype(np.float32))
    return net.model([1, "t"], net.add("STFT", x, net.whole(32), window, net.whole(128)))


def turned(net: Net, x: str, cosines: str, sines: str, half: int) -> str:
    """(batch, heads, frames, 2 half) by the angles of its positions: rotary embedding."""
    low = net.add("Slice", x, net.ints(0), net.ints(half), net.ints(3))
    high = net.add("Slice", x, net.ints(half), net.ints(2 * half), net.ints(3))
    other = net.add("Concat", net.add("Neg", high), low, axis=3)
    return net.add("Add", net.add("Mul", x, cosines), net.add("Mul", other, sines))


def rotary(before: int) -> onnx.ModelProto:
    """As small language models with a window: angles computed from positions, two heads of queries for one of keys."""
    net, half = Net(), 2
    column, _ = net.positions("x")
    rates = net.constant(np.array([[1.0, 0.01]], np.float32))
    angles = net.add("MatMul", net.add("Cast", column, to=TensorProto.FLOAT), rates)
    angles = net.add("Concat", angles, angles, axis=-1)
    cosines, sines = net.add("Cos", angles), net.add("Sin", angles)
    queries = turned(net, net.heads("x", 8, 2, 0, 2, 1, 3), cosines, sines, half)
    shared = [net.add("MatMul", "x", net.numbers(8, 4)) for _ in range(2)]
    keys, values = (net.add("Unsqueeze", one, net.ints(1)) for one in shared)
    keys = turned(net, keys, cosines, sines, half)
    keys, values = (
        net.add("Expand", one, net.add("Concat", net.ints(1, 2), net.long("x"), net.ints(4), axis=0))
        for one in (keys, values)
    )
    scores = net.add("MatMul", queries, net.add("Transpose", keys, perm=[0, 1, 3, 2]))
    hidden = net.add("Where", net.window("x", before, 0), scores, net.number(-np.inf))
    made = net.add("MatMul", net.add("Softmax", hidden, axis=-1), values)
    flat = net.add("Reshape", net.add("Transpose", made, perm=[0, 2, 1, 3]), net.ints(0, 0, 8))
    return net.model([1, "t", 8], net.feed(net.add("Add", "x", flat), 8))


def positioned(rows: int, sliced: bool) -> onnx.ModelProto:
    """A table of positions that is added, cut out or picked; and a bias by distance, one by the position of the key."""
    net = Net()
    table = net.numbers(rows, 8)
    column, row = net.positions("x")
    if sliced:
        own = net.add("Slice", table, net.ints(0), net.long("x"), net.ints(0))
    else:
        own = net.add("Gather", table, net.add("Squeeze", column, net.ints(1)), axis=0)
    x = net.conv(net.add("Transpose", net.add("Add", "x", own), perm=[0, 2, 1]), 8, 8, [3], pads=[1, 1])
    x = net.add("Transpose", x, perm=[0, 2, 1])
    far = net.add("Cast", net.add("Abs", net.add("Sub", column, row)), to=TensorProto.FLOAT)
    queries, keys = net.heads(x, 8, 2, 0, 2, 1, 3), net.heads(x, 8, 2, 0, 2, 3, 1)
    slopes = net.constant(np.array([0.5, 0.1], np.float32).reshape(2, 1, 1))
    scores = net.add("Sub", net.add("MatMul", queries, keys), net.add("Mul", far, slopes))
    scores = net.add("Add", scores, net.add("Mul", net.add("Cast", row, to=TensorProto.FLOAT), net.number(0.01)))
    lowest = net.number(float(np.finfo(np.float32).min))
    mask = net.add("Where", net.window("x", 4, 1), net.number(0.0), lowest)
    weights = net.add("Softmax", net.add("Add", scores, mask), axis=-1)
    made = net.add("MatMul", weights, net.heads(x, 8, 2, 0, 2, 1, 3))
    return net.model([1, "t", 8], net.add("Reshape", net.add("Transpose", made, perm=[0, 2, 1, 3]), net.ints(0, 0, 8)))


NETS: dict[str, tuple[Callable[[], onnx.ModelProto], int, int, tuple[int, ...]]] = {
    "causal TCN": (causal_tcn, 2, 1, (0,)),
    "symmetric TCN with norms": (symmetric_tcn, 2, 1, (7,)),
    "U-Net, transposed": (unet, 2, 8, (23,)),
    "U-Net, nearest": (lambda: unet("nearest"), 2, 8, (23,)),
    "U-Net, linear": (lambda: unet("linear"), 2, 8, (30,)),
    "codec with LSTM": (codec, 2, 40, (0,)),
    "codec padded by the edge": (lambda: codec("edge"), 2, 40, (0,)),
    "codec padded by reflection": (lambda: codec("reflect"), 2, 40, (40,)),
    "centred spectra": (lambda: centred("reflect"), 1, 32, (2,)),
    "causal CRN": (lambda: crn(True), 2, 1, (0,)),
    "CRN with GRU": (lambda: crn(False), 2, 1, (3,)),
    "CRN with LSTM": (lambda: crn(False, "LSTM"), 2, 1, (3,)),
    "Scan": (scan, 2, 1, (2,)),
    "mel classifier": (mel_classifier, 2, 4, ()),
    "video": (video, 2, 2, (1,)),
    "sub-pixel, four times": (subpixel, 2, 1, (12,)),
    "blocks of rows, DCR": (lambda: blocks("DCR", 2), 2, 2, (3,)),
    "blocks of columns, CRD": (lambda: blocks("CRD", 3), 3, 2, (3,)),
    "transformer, causal band": (lambda: banded(9, 0), 1, 1, (0,)),
    "transformer, band": (lambda: banded(6, 2), 1, 1, (4,)),
    "transformer, later keys": (lambda: banded(0, 3), 1, 1, (6,)),
    "chunked conformer": (lambda: conformer(4, 2), 2, 8, (0,)),
    "transformer, rotary": (lambda: rotary(6), 1, 1, (0,)),
    "table of positions": (lambda: positioned(300, True), 1, 1, (2,)),
    "picked positions": (lambda: positioned(300, False), 1, 1, (2,)),
    "two outputs": (two_outputs, 2, 2, (0, 1)),
}
"""By name: the net, its axis of frames, unit, and delays."""

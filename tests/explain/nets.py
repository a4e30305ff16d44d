"""Random 1-D nets with branches, and what each position of them sees, worked out here from their layers alone.

Tensors have no borders: a position outside is a position like others, as the unbounded field has it; only a global pool reads
what is really there. All weights are positive, so that running a net on unit vectors shows the same (`measured`).
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

LENGTH = 128


@dataclass(frozen=True)
class Layer:
    """One operator. `sources`: indices of layers, -1 the input; `channels`, `length`: of what it makes."""

    op: str
    sources: tuple[int, ...]
    channels: int
    length: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    pad: int = 0  # at the front
    mixes: bool = False  # all channels are read

    @property
    def slides(self) -> bool:
        return self.op in ("Conv", "MaxPool", "AveragePool", "ConvTranspose", "Linear", "Nearest", "Slice")


Interval = tuple[int, int]
Place = tuple[int, int]  # channel, position


class Net:
    """Layers in topological order; the last one is the output."""

    def __init__(self, layers: list[Layer], taps: dict[int, int] | None = None) -> None:
        self.layers = layers
        self.taps = taps or {}  # layers of which one tap alone is left
        self.field = cache(self._field)
        self.inside = cache(self._inside)

    def with_tap(self, layer: int, tap: int) -> Net:
        return Net(self.layers, {layer: tap})

    def places(self, layer: int, place: Place) -> list[tuple[int, Place]]:
        """What a place reads: (layer, place)."""
        one, (channel, at) = self.layers[layer], place
        if one.op == "Concat":
            for source in one.sources:
                if channel < self.channels(source):
                    return [(source, (channel, at))]
                channel -= self.channels(source)
        if one.op == "Sum":
            return [(source, (channel, at if self.length(source) > 1 else 0)) for source in one.sources]
        (source,) = one.sources
        channels = range(self.channels(source)) if one.mixes else [channel]
        positions = range(self.length(source)) if one.op == "GlobalAveragePool" else self.reads(layer, at).values()
        return [(source, (c, p)) for c in channels for p in positions]

    def reads(self, layer: int, at: int) -> dict[int, int]:
        """By tap, the position that it reads along the axis."""
        one = self.layers[layer]
        if one.op == "ConvTranspose":
            reach = [(tap, at + one.pad - tap) for tap in range(one.kernel)]
            found = {tap: n // one.stride for tap, n in reach if n % one.stride == 0}
        elif one.op == "Nearest":
            found = {0: at // 2}
        elif one.op == "Linear":
            found = {0: (at - 1) // 2, 1: (at - 1) // 2 + 1}
        else:
            found = {tap: at * one.stride - one.pad + tap * one.dilation for tap in range(one.kernel)}
        return {tap: p for tap, p in found.items() if self.taps.get(layer, tap) == tap}

    def _field(self, layer: int, place: Place) -> Interval:
        if layer < 0:
            return place[1], place[1]
        ends = [self.field(*read) for read in self.places(layer, place)]
        return min(lo for lo, _ in ends), max(hi for _, hi in ends)

    def _inside(self, layer: int, place: Place) -> bool:
        """True when nothing outside a tensor is read on the way."""
        if not 0 <= place[1] < self.length(layer):
            return False
        return layer < 0 or all(self.inside(*read) for read in self.places(layer, place))

    def size(self, layer: int, place: Place) -> int:
        lo, hi = self.field(layer, place)
        return hi - lo + 1

    def channels(self, layer: int) -> int:
        return 1 if layer < 0 else self.layers[layer].channels

    def length(self, layer: int) -> int:
        return LENGTH if layer < 0 else self.layers[layer].length

    def on_every_path(self, layer: int) -> bool:
        """True when the output sees nothing of the input but through the layer."""
        reached = {-1}
        for index, one in enumerate(self.layers):
            if index != layer and reached & set(one.sources):
                reached.add(index)
        return len(self.layers) - 1 not in reached

    @property
    def resampled(self) -> bool:
        return any(one.op in ("ConvTranspose", "Nearest", "Linear") for one in self.layers)

    def model(self) -> onnx.ModelProto:
        return _model(self)

    def measured(self) -> np.ndarray:
        """(input position, channel, position): whether the output there depends on it, found by running the model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            self.model().SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return session.run(None, {"x": np.eye(LENGTH, dtype=np.float32)[:, None]})[0] > 0


def name(layer: int) -> str:
    return "x" if layer < 0 else f"t{layer}"


def _model(net: Net) -> onnx.ModelProto:
    nodes, weights = [], []

    def constant(value: object, of: str) -> str:
        weights.append(numpy_helper.from_array(np.asarray(value), of))
        return of

    for index, one in enumerate(net.layers):
        made, sources = name(index), [name(source) for source in one.sources]
        if one.op in ("Conv", "MaxPool", "AveragePool", "ConvTranspose"):
            end = _end_pad(net, one)
            attrs: dict[str, object] = {"kernel_shape": [one.kernel], "strides": [one.stride], "pads": [one.pad, end]}
            if one.op.startswith("Conv"):
                before = net.channels(one.sources[0])
                attrs |= {"dilations": [one.dilation], "group": 1 if one.mixes else before}
                shape = (one.channels, before) if one.op == "Conv" else (before, one.channels)
                shape = (*shape, one.kernel) if one.mixes else (before, 1, one.kernel)
                weight = np.zeros(shape, np.float32)
                weight[..., [net.taps[index]] if index in net.taps else range(one.kernel)] = 1 / one.kernel
                sources.append(constant(weight, f"w{index}"))
            nodes.append(helper.make_node(one.op, sources, [made], **attrs))
        elif one.op in ("Nearest", "Linear"):
            scales = constant(np.float32([1, 1, 2]), f"s{index}")
            rounding = {"nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
            attrs = rounding if one.op == "Nearest" else {"coordinate_transformation_mode": "half_pixel"}
            nodes.append(helper.make_node("Resize", [*sources, "", scales], [made], mode=one.op.lower(), **attrs))
        elif one.op == "Slice":
            ends = [constant([n], f"{made}.{k}") for k, n in enumerate((-one.pad, LENGTH * 8, 2, one.stride))]
            nodes.append(helper.make_node("Slice", [*sources, *ends], [made]))
        else:
            attrs = {"axis": 1} if one.op == "Concat" else {}
            nodes.append(helper.make_node(one.op, sources, [made], **attrs))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, LENGTH])]
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "random", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def _end_pad(net: Net, one: Layer) -> int:
    """What makes the length that the layer says."""
    before, span = net.length(one.sources[0]), (one.kernel - 1) * one.dilation + 1
    if one.op == "ConvTranspose":
        return (before - 1) * one.stride + span - one.pad - one.length
    return max(0, (one.length - 1) * one.stride + span - one.pad - before)


def random_net(seed: int) -> Net:
    """Up to 12 layers: chains, branches of unequal depth that are added or concatenated, other strides, more positions."""
    draw = random.Random(seed)
    net = Net([])

    def add(layer: Layer) -> int:
        net.layers.append(layer)
        return len(net.layers) - 1

    def channels(source: int) -> int:
        return net.channels(source)

    def conv(source: int, stride: int = 1) -> int:
        kernel, dilation = draw.choice([1, 2, 3, 3, 5]), draw.choice([1, 1, 2, 3])
        mixes = source < 0 or draw.random() < 0.7
        span = (kernel - 1) * dilation
        pad = draw.choice([0, span // 2, span // 2, span])
        made = draw.randint(1, 3) if mixes else channels(source)
        length = -(-net.length(source) // stride)
        return add(Layer("Conv", (source,), made, length, kernel, stride, dilation, pad, mixes))

    def down(source: int) -> int:
        kind, length = draw.choice(["conv", "MaxPool", "AveragePool", "Slice"]), net.length(source)
        if kind == "conv":
            return conv(source, 2)
        if kind == "Slice":
            first = draw.randint(0, 1)
            return add(Layer("Slice", (source,), channels(source), -(-(length - first) // 2), 1, 2, 1, -first))
        kernel = draw.choice([2, 3])
        return add(Layer(kind, (source,), channels(source), length // 2, kernel, 2, 1, draw.randint(0, kernel - 1)))

    def up(source: int) -> int:
        kind, length = draw.choice(["ConvTranspose", "Nearest", "Linear"]), 2 * net.length(source)
        if kind != "ConvTranspose":
            return add(Layer(kind, (source,), channels(source), length))
        kernel = draw.choice([2, 3, 4])
        return add(
            Layer(
                kind, (source,), draw.randint(1, 2), length, kernel, 2, 1, draw.randint(0, 1) if kernel > 2 else 0, True
            )
        )

    def shifted(source: int) -> int:
        """The same, read a few positions further on: a branch that is aligned with nothing."""
        by = draw.randint(1, 4)
        kind = draw.choice(["Conv", "AveragePool"])
        if kind == "AveragePool":
            return add(Layer(kind, (source,), channels(source), net.length(source), 2, 1, 1, draw.randint(0, 1)))
        return add(Layer("Conv", (source,), channels(source), net.length(source), 1 + by, 1, 1, draw.choice([0, by]),
                         source < 0))  # fmt: skip

    def branch(source: int) -> int:
        for _ in range(draw.randint(0, 3)):
            source = draw.choice([conv, shifted])(source)
        return source

    def joined(source: int) -> int:
        ends = [branch(source) for _ in range(draw.choice([2, 2, 3]))]
        if draw.random() < 0.5:
            return add(Layer("Concat", tuple(ends), sum(channels(end) for end in ends), net.length(source)))
        wide = max(map(channels, ends))
        ends = [end if channels(end) == wide
                else add(Layer("Conv", (end,), wide, net.length(end), mixes=True)) for end in ends]  # fmt: skip
        return add(Layer("Sum", tuple(ends), wide, net.length(source)))

    def gated(source: int) -> int:
        mean = add(Layer("GlobalAveragePool", (source,), channels(source), 1))
        return add(Layer("Sum", (source, mean), channels(source), net.length(source)))

    source, small = conv(-1), 0
    for _ in range(draw.randint(1, 4)):
        kind = draw.choice(["conv", "conv", "joined", "joined", "joined", "down", "up"])
        if kind == "down" and small < 2:
            source, small = down(source), small + 1
        elif kind == "up" and small > -1:
            source, small = up(source), small - 1
        elif kind == "joined":
            source = joined(source)
        else:
            source = conv(source)
    # Last of all: what slides inside a global field is not followed further.
    match draw.randint(0, 9):
        case 0:
            add(Layer("GlobalAveragePool", (source,), channels(source), 1))
        case 1:
            gated(source)
    return Net([dataclasses.replace(layer) for layer in net.layers])

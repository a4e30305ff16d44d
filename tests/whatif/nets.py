"""Thirteen nets, each built anew with the changes that `rfonnx whatif` is asked about: what an exporter would have written.

A layer's options are said where it stands, and `changes` replace them, by layer; padding is worked out from them as the author of
such a net would: none, half of the window on each side, or all before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Options = Mapping[str, Mapping[str, Any] | None]


def each(value: int | Sequence[int], rank: int) -> list[int]:
    return [value] * rank if isinstance(value, int) else list(value)


class Net:
    """Writes one. Nodes are named by what they make."""

    def __init__(self, changes: Options, opset: int = 17) -> None:
        self.changes, self.opset = changes, opset
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self.inputs: dict[str, Sequence[int]] = {}
        self.channels: dict[str, int] = {}
        self.rank = 2

    def input(self, name: str, shape: Sequence[int]) -> str:
        self.inputs[name], self.channels[name], self.rank = shape, shape[1], len(shape) - 2
        return name

    def node(self, op: str, inputs: Sequence[str], name: str, channels: int | None = None, **attrs: Any) -> str:
        if name in self.changes and self.changes[name] is None:
            op, inputs, attrs = "Identity", inputs[:1], {}
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attrs))
        self.channels[name] = self.channels.get(inputs[0], 0) if channels is None else channels
        return name

    def options(self, name: str, kernel: Any, stride: Any, dilation: Any) -> tuple[list[int], list[int], list[int]]:
        asked = {"kernel": kernel, "stride": stride, "dilation": dilation, **(self.changes.get(name) or {})}
        made = [each(asked[key], self.rank) for key in ("kernel", "stride", "dilation")]
        return made[0], made[1], made[2]

    def pads(self, name: str, way: str, spans: Sequence[int]) -> list[int]:
        given = (self.changes.get(name) or {}).get("pads")
        if given is not None:
            return each(given, 2 * len(spans))
        if way == "same":
            return [(span - 1) // 2 for span in spans] + [span // 2 for span in spans]
        if way == "full":
            return [span - 1 for span in spans] * 2
        return [span - 1 for span in spans] + [0] * len(spans) if way == "causal" else [0] * 2 * len(spans)

    def conv(
        self, x: str, name: str, channels: int, kernel: Any = 3, stride: Any = 1, dilation: Any = 1, group: int = 1,
        way: str = "same",
    ) -> str:  # fmt: skip
        kernels, strides, dilations = self.options(name, kernel, stride, dilation)
        spans = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
        self.weights[f"{name}.w"] = np.ones((channels, self.channels[x] // group, *kernels), np.float32)
        attrs = {"kernel_shape": kernels, "strides": strides, "dilations": dilations, "group": group}
        return self.node("Conv", [x, f"{name}.w"], name, channels, **attrs, pads=self.pads(name, way, spans))

    def up(self, x: str, name: str, channels: int, kernel: int, stride: int) -> str:
        """A transposed convolution that makes `stride` times as much."""
        kernels, strides, dilations = self.options(name, kernel, stride, 1)
        self.weights[f"{name}.w"] = np.ones((self.channels[x], channels, *kernels), np.float32)
        cut = [k - s for k, s in zip(kernels, strides, strict=True)]
        pads = [one // 2 for one in cut] + [one - one // 2 for one in cut]
        attrs = {"kernel_shape": kernels, "strides": strides, "dilations": dilations, "pads": pads}
        return self.node("ConvTranspose", [x, f"{name}.w"], name, channels, **attrs)

    def pool(self, x: str, name: str, kernel: Any, stride: Any, way: str = "valid", op: str = "MaxPool") -> str:
        kernels, strides, dilations = self.options(name, kernel, stride, 1)
        spans = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
        more = {"dilations": dilations} if op == "MaxPool" else {}
        return self.node(op, [x], name, kernel_shape=kernels, strides=strides, pads=self.pads(name, way, spans), **more)

    def relu(self, x: str) -> str:
        return self.node("Relu", [x], f"{x}.relu")

    def padded(self, x: str, name: str, channels: int, kernel: int, dilation: int = 1, mode: str = "constant") -> str:
        """A Pad before a causal convolution without padding of its own, as exporters of torch write `F.pad`."""
        (k, *_), _, (d, *_) = self.options(name, kernel, 1, dilation)
        self.weights[f"{name}.p"] = np.array([0, 0, (k - 1) * d, 0, 0, 0])
        return self.conv(
            self.node("Pad", [x, f"{name}.p"], f"{name}.pad", mode=mode), name, channels, kernel, 1, dilation, way=""
        )

    def chomped(self, x: str, name: str, channels: int, kernel: int, dilation: int) -> str:
        """A convolution that pads both sides, and a Slice that cuts the end off (Bai, Kolter and Koltun 2018)."""
        (k, *_), _, (d, *_) = self.options(name, kernel, 1, dilation)
        for part, value in (("from", 0), ("to", -(k - 1) * d), ("axis", 2)):
            self.weights[f"{name}.{part}"] = np.array([value])
        made = self.conv(x, name, channels, kernel, 1, dilation, way="full")
        return self.node("Slice", [made, *(f"{name}.{part}" for part in ("from", "to", "axis"))], f"{name}.cut")

    def add(self, a: str, b: str, name: str) -> str:
        return self.node("Add", [a, b], name)

    def head(self, x: str, classes: int = 10) -> str:
        """Mean over space, and a dense layer."""
        flat = self.node("Flatten", [self.node("GlobalAveragePool", [x], "mean")], "flat")
        self.weights["fc.w"] = np.ones((self.channels[x], classes), np.float32)
        return self.node("Gemm", [flat, "fc.w"], "scores", classes)

    def made(self, *outputs: str) -> onnx.ModelProto:
        tensors = [numpy_helper.from_array(value, name) for name, value in self.weights.items()]
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in self.inputs.items()]
        graph = helper.make_graph(
            self.nodes,
            "net",
            inputs,
            [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
            tensors,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def plain(changes: Options) -> onnx.ModelProto:
    """VGG: convolutions and pools."""
    net = Net(changes)
    x = net.input("x", (1, 3, 64, 80))
    for stage, count in enumerate((2, 2, 3), 1):
        for turn in range(1, count + 1):
            x = net.relu(net.conv(x, f"conv{stage}_{turn}", 4 * stage))
        x = net.pool(x, f"pool{stage}", 2, 2)
    return net.made(net.head(x))


def residual(changes: Options) -> onnx.ModelProto:
    """ResNet-18's blocks."""
    net = Net(changes)
    x = net.relu(net.conv(net.input("x", (1, 3, 96, 96)), "stem", 4, 7, 2))
    x = net.pool(x, "maxpool", 3, 2, "same")
    for stage, (channels, stride) in enumerate(((4, 1), (8, 2), (12, 2)), 1):
        short = x if stride == 1 else net.conv(x, f"s{stage}.short", channels, 1, stride)
        y = net.relu(net.conv(x, f"s{stage}.a", channels, 3, stride))
        x = net.relu(net.add(net.conv(y, f"s{stage}.b", channels), short, f"s{stage}"))
    return net.made(net.head(x))


def unet(changes: Options) -> onnx.ModelProto:
    """Down by pools, up by transposed convolutions, joined."""
    net = Net(changes)
    x, kept = net.input("x", (1, 1, 64, 64)), []
    for level in range(3):
        x = net.relu(net.conv(x, f"down{level}", 4 << level))
        if level < 2:
            kept.append(x)
            x = net.pool(x, f"pool{level}", 2, 2)
    for level in (1, 0):
        x = net.node(
            "Concat", [net.up(x, f"up{level}", 4 << level, 2, 2), kept.pop()], f"join{level}", 8 << level, axis=1
        )
        x = net.relu(net.conv(x, f"conv{level}", 4 << level))
    return net.made(net.conv(x, "mask", 2, 1))


def tcn(changes: Options) -> onnx.ModelProto:
    """Causal by padding both sides and cutting the end off."""
    net = Net(changes)
    x = net.input("x", (1, 4, 256))
    for turn, dilation in enumerate((1, 2, 4)):
        y = net.relu(net.chomped(x, f"block{turn}", 4, 3, dilation))
        x = net.add(y, x, f"sum{turn}")
    return net.made(x)


def causal(changes: Options) -> onnx.ModelProto:
    """WaveNet's stack, causal by padding of the convolution itself, gated."""
    net = Net(changes)
    x = net.input("x", (1, 2, 200))
    for turn, dilation in enumerate((1, 2, 4, 8)):
        a = net.node("Tanh", [net.conv(x, f"filter{turn}", 2, 2, 1, dilation, way="causal")], f"tanh{turn}")
        b = net.node("Sigmoid", [net.conv(x, f"gate{turn}", 2, 2, 1, dilation, way="causal")], f"sigmoid{turn}")
        x = net.add(net.node("Mul", [a, b], f"gated{turn}"), x, f"sum{turn}")
    return net.made(x)


def mobile(changes: Options) -> onnx.ModelProto:
    """MobileNetV2's inverted residuals: depthwise between 1x1."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 96, 64)), "stem", 8, 3, 2)
    for turn, (channels, stride) in enumerate(((8, 1), (12, 2), (12, 1), (16, 2))):
        wide = net.channels[x] * 3
        y = net.node("Clip", [net.conv(x, f"b{turn}.expand", wide, 1)], f"b{turn}.clip")
        y = net.relu(net.conv(y, f"b{turn}.depth", wide, 3, stride, group=wide))
        y = net.conv(y, f"b{turn}.project", channels, 1)
        x = net.add(y, x, f"b{turn}") if stride == 1 and net.channels[x] == channels else y
    return net.made(net.head(x))


def dilated(changes: Options) -> onnx.ModelProto:
    """The context module, and a branch without padding."""
    net = Net(changes)
    image = x = net.input("x", (1, 3, 60, 72))
    for turn, dilation in enumerate((1, 2, 4, 8)):
        x = net.relu(net.conv(x, f"context{turn}", 4, 3, 1, dilation))
    for turn in range(2):
        image = net.conv(image, f"valid{turn}", 4, 3, 1, 2, way="valid")
    return net.made(x, image)


def inception(changes: Options) -> onnx.ModelProto:
    """Branches of other kernels, 1x7 and 7x1 among them, joined."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 64, 64)), "stem", 8, 3, 2)
    one = net.conv(x, "one", 4, 1)
    three = net.conv(net.conv(x, "three_reduce", 4, 1), "three", 4)
    seven = net.conv(net.conv(x, "row", 4, (1, 7)), "column", 4, (7, 1))
    pooled = net.conv(net.pool(x, "average", 3, 1, "same", "AveragePool"), "pooled", 4, 1)
    x = net.node("Concat", [one, three, seven, pooled], "joined", 16, axis=1)
    return net.made(net.head(net.pool(x, "last", 3, 2, "same")))


def generator(changes: Options) -> onnx.ModelProto:
    """DCGAN's decoder behind an encoder: transposed convolutions of 4/2/1."""
    net = Net(changes)
    x = net.input("x", (1, 3, 32, 32))
    x = net.conv(net.conv(x, "enc0", 4, 3, 2), "enc1", 8, 3, 2)
    x = net.relu(net.up(net.relu(net.up(x, "dec0", 4, 4, 2)), "dec1", 4, 4, 2))
    return net.made(net.conv(x, "rgb", 3, 7))


def codec(changes: Options) -> onnx.ModelProto:
    """EnCodec's encoder: causal by reflection in Pads of their own, residual units, strides."""
    net = Net(changes)
    x = net.padded(net.input("x", (1, 1, 640)), "first", 4, 7, mode="reflect")
    for turn, stride in enumerate((2, 4)):
        y = net.node(
            "Elu", [net.padded(net.node("Elu", [x], f"elu{turn}"), f"unit{turn}", 2, 3, turn + 1)], f"unit{turn}.elu"
        )
        x = net.add(net.conv(y, f"unit{turn}.out", net.channels[x], 1), x, f"unit{turn}.sum")
        x = net.conv(x, f"down{turn}", net.channels[x] * 2, 2 * stride, stride, way="valid")
    return net.made(net.padded(x, "code", 8, 3))


def channels_last(changes: Options) -> onnx.ModelProto:
    """As JAX's and Keras' causal convolutions are written: a Pad of (batch, time, channels), and a transposition behind it."""
    net = Net(changes)
    x = net.input("x", (1, 120, 4))
    net.rank = 1
    for turn, dilation in enumerate((1, 2, 4)):
        (k, *_), _, (d, *_) = net.options(f"conv{turn}", 3, 1, dilation)
        net.weights[f"pad{turn}.p"] = np.array([0, (k - 1) * d, 0, 0, 0, 0])
        x = net.node("Pad", [x, f"pad{turn}.p"], f"pad{turn}")
        x = net.node("Transpose", [x], f"to{turn}", 4, perm=[0, 2, 1])
        x = net.node(
            "Transpose",
            [net.relu(net.conv(x, f"conv{turn}", 4, 3, 1, dilation, way=""))],
            f"from{turn}",
            perm=[0, 2, 1],
        )
    return net.made(x)


def volume(changes: Options) -> onnx.ModelProto:
    """r3d: kernels over frames, rows and columns."""
    net = Net(changes)
    x = net.relu(net.conv(net.input("clip", (1, 3, 8, 32, 40)), "stem", 4, (3, 7, 7), (1, 2, 2)))
    short = net.conv(x, "short", 8, 1, 2)
    y = net.conv(net.relu(net.conv(x, "a", 8, 3, 2)), "b", 8)
    return net.made(net.head(net.relu(net.add(y, short, "sum"))))


def excited(changes: Options) -> onnx.ModelProto:
    """Squeeze and excitation: from the first gate on, everything is seen."""
    net = Net(changes)
    x = net.relu(net.conv(net.input("x", (1, 3, 40, 48)), "stem", 4))
    for turn in range(2):
        y = net.conv(net.relu(net.conv(x, f"b{turn}.a", 4)), f"b{turn}.b", 4)
        gate = net.conv(net.node("GlobalAveragePool", [y], f"b{turn}.mean"), f"b{turn}.gate", 4, 1)
        y = net.node("Mul", [y, net.node("Sigmoid", [gate], f"b{turn}.sigmoid")], f"b{turn}.scaled")
        x = net.relu(net.add(y, x, f"b{turn}"))
    return net.made(net.conv(x, "map", 2, 1))


CASES: list[tuple[Callable[[Options], onnx.ModelProto], Options]] = [
    (plain, {"conv2_1": {"dilation": 2}, "conv3_3": {"kernel": 5}}),
    (plain, {"pool3": {"stride": 1}, "conv1_1": {"stride": 2}}),
    (plain, {"conv3_2.relu": None, "conv1_2": {"kernel": (5, 1)}, "pool2": {"kernel": 4}}),
    (residual, {"s3.a": {"stride": 1}, "s3.short": {"stride": 1}, "s3.b": {"dilation": 2}}),
    (residual, {"stem": {"kernel": 3}, "maxpool": {"kernel": 5}}),
    (residual, {"s2.short": {"kernel": 3}, "s1.b": None}),
    (unet, {"down2": {"dilation": 4}, "up1": {"kernel": 4}}),
    (unet, {"down0": {"kernel": 7}, "mask": {"kernel": 3}}),
    (tcn, {"block1": {"kernel": 5}, "block2": {"dilation": 8}}),
    (causal, {"filter3": {"dilation": 16}, "gate3": {"dilation": 16}, "filter0": {"kernel": 3}}),
    (mobile, {"b1.depth": {"stride": 1}, "b2.depth": {"kernel": 5}, "b0.clip": None}),
    (dilated, {"context3": {"dilation": 16}, "valid1": {"kernel": 5}}),
    (dilated, {"valid0": {"dilation": 1}, "context0": {"kernel": 1}}),
    (inception, {"row": {"kernel": (1, 11)}, "three": {"dilation": 2}, "average": {"kernel": 5}}),
    (generator, {"dec0": {"kernel": 6}, "enc1": {"kernel": 5}}),
    (generator, {"dec1": {"kernel": 2}, "rgb": {"kernel": 3, "dilation": 3}}),
    (codec, {"first": {"kernel": 5}, "unit1": {"dilation": 4}, "code": {"kernel": 7}}),
    (codec, {"down1": {"stride": 2}}),
    (channels_last, {"conv1": {"dilation": 4}, "conv2": {"kernel": 5}}),
    (volume, {"stem": {"kernel": (5, 7, 3)}, "b": {"dilation": (1, 2, 2)}}),
    (volume, {"a": {"stride": (1, 2, 2)}, "short": {"stride": (1, 2, 2)}}),
    (excited, {"b0.a": {"dilation": 3}, "b1.b": {"kernel": 5}, "stem": {"pads": (0, 0, 2, 2)}}),
]
"""A net, and changes to it."""

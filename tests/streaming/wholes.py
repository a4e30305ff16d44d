"""Nets that take statistics of all frames, and join them with frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from streaming.nets import Net


def instance_norm() -> onnx.ModelProto:
    net = Net()
    x = net.add("Relu", net.conv("x", 2, 4, [5], pads=[2, 2]))
    x = net.add("InstanceNormalization", x, net.numbers(4), net.numbers(4), epsilon=1e-3)
    return net.model(["b", 2, "t"], net.conv(net.add("Elu", x), 4, 4, [3], strides=[2], pads=[1, 1]))


def group_norm(opset: int, parameters: int) -> Callable[[], onnx.ModelProto]:
    """Since opset 21 there is a scale for each channel, before for each group."""

    def make() -> onnx.ModelProto:
        net = Net()
        x = net.conv("x", 2, 6, [3], pads=[1, 1])
        x = net.add("GroupNormalization", x, net.numbers(parameters), net.numbers(parameters), num_groups=3)
        return net.model(["b", 2, "t"], net.conv(x, 6, 3, [3], pads=[1, 1]), opset=opset)

    return make


def rows() -> onnx.ModelProto:
    """A norm of groups as torch exports it, of maps whose first axis of space is time."""
    net = Net()
    x = net.conv("x", 2, 6, [3, 3], pads=[1, 1, 1, 1])
    laid = net.add("Reshape", x, net.ints(0, 3, -1))
    ones, zeros = (net.constant(np.full(3, number, np.float32)) for number in (1, 0))
    back = net.add("Reshape", net.add("InstanceNormalization", laid, ones, zeros, epsilon=1e-3), net.add("Shape", x))
    x = net.add("Add", net.add("Mul", back, net.numbers(6, 1, 1)), net.numbers(6, 1, 1))
    return net.model(["b", 2, "t", 5], net.conv(net.add("Relu", x), 6, 3, [3, 1], pads=[1, 0, 1, 0]))


def layer_norm() -> onnx.ModelProto:
    """Over channels and time."""
    net = Net()
    x = net.conv("x", 2, 4, [5], pads=[2, 2])
    x = net.add("LayerNormalization", x, net.numbers(1), net.numbers(1), axis=1)
    return net.model(["b", 2, "t"], net.conv(x, 4, 2, [3]))


def mean_square() -> onnx.ModelProto:
    net = Net()
    x = net.add("RMSNormalization", net.conv("x", 2, 4, [5], pads=[2, 2]), net.numbers(1), axis=1)
    return net.model(["b", 2, "t"], net.conv(x, 4, 2, [3]), opset=23)


def mean_variance() -> onnx.ModelProto:
    net = Net()
    x = net.add("MeanVarianceNormalization", net.conv("x", 2, 4, [5, 3], pads=[2, 1, 2, 1]))
    return net.model(["b", 2, "t", 6], net.conv(x, 4, 2, [3, 1]))


def written_out() -> onnx.ModelProto:
    """A norm over channels and time in plain operators, twice, in a residual block: one is measured behind the other."""
    net = Net()
    x = net.conv("x", 2, 4, [3], pads=[1, 1])
    for _ in range(2):
        y = net.add("Sub", x, net.add("ReduceMean", x, axes=[1, 2]))
        power = net.add("ReduceMean", net.add("Mul", y, y), axes=[1, 2])
        y = net.add("Div", y, net.add("Sqrt", net.add("Add", power, net.number(1e-3))))
        x = net.add("Add", x, net.conv(net.add("Tanh", y), 4, 4, [3], dilations=[2], pads=[2, 2]))
    return net.model(["b", 2, "t"], x)


def gated() -> onnx.ModelProto:
    """Squeeze and excitation."""
    net = Net()
    x = net.conv("x", 2, 4, [3], pads=[1, 1])
    gate = net.add(
        "Sigmoid", net.conv(net.add("Relu", net.conv(net.add("GlobalAveragePool", x), 4, 2, [1])), 2, 4, [1])
    )
    return net.model(["b", 2, "t"], net.conv(net.add("Mul", x, gate), 4, 3, [3], pads=[1, 1]))


def divided() -> onnx.ModelProto:
    """A mean as a sum by the number of frames: what depends on that is not written for chunks."""
    net = Net()
    x = net.conv("x", 2, 4, [5], pads=[2, 2])
    frames = net.add("Cast", net.add("Gather", net.add("Shape", x), net.ints(2)), to=1)
    mean = net.add("Div", net.add("ReduceSum", x, net.ints(2), keepdims=1), frames)
    return net.model(["b", 2, "t"], net.add("Sub", x, mean))


def ranged() -> onnx.ModelProto:
    """To 0 to 1 by the least and the largest of all, then by a norm that nothing carries along."""
    net = Net()
    x = net.add("Sub", "x", net.add("ReduceMin", "x", keepdims=0))
    x = net.add("Div", x, net.add("ReduceMax", x, keepdims=0))
    return net.model([1, 2, "t"], net.conv(net.add("Div", x, net.add("ReduceL2", x, axes=[2])), 2, 2, [3], pads=[1, 1]))


def repeated() -> onnx.ModelProto:
    """To a length of 1, as torch exports it: the length is expanded to the frames, and added to."""
    net = Net()
    x = net.conv("x", 2, 4, [3], pads=[1, 1])
    long = net.add("Clip", net.add("ReduceL2", x, axes=[2]), net.number(1e-6))
    x = net.add("Div", x, net.add("Expand", long, net.add("Shape", x)))
    return net.model(["b", 2, "t"], net.conv(x, 4, 2, [3], pads=[1, 1]))


def causal_dynamic() -> onnx.ModelProto:
    """Padding in front of what is quantised: nothing waits for it."""
    return dynamic(2, 0)


def last_state() -> onnx.ModelProto:
    net = Net()
    turned = net.add("Transpose", "x", perm=[2, 0, 1])
    layer = helper.make_node(
        "GRU", [turned, net.numbers(1, 6, 2), net.numbers(1, 6, 2)], ["", "h"], "gru", hidden_size=2
    )
    net.nodes.append(layer)
    return net.model(
        [1, 2, "t"], net.add("Add", "x", net.add("Unsqueeze", net.add("Squeeze", "h", net.ints(0)), net.ints(2)))
    )


def output_too() -> onnx.ModelProto:
    net = Net()
    x = net.conv("x", 2, 4, [3], pads=[1, 1])
    mean = net.add("ReduceMean", x, axes=[2])
    return net.model(["b", 2, "t"], net.add("Sub", x, mean), mean)


def dynamic(begin: int = 1, end: int = 1) -> onnx.ModelProto:
    """What quantising dynamically makes of two convolutions and a product."""
    net = Net()

    def weight(*shape: int) -> str:
        return net.constant(net.rng.integers(-100, 100, shape).astype(np.int8))

    def quantised(x: str) -> list[str]:
        names = [f"{x}_{part}" for part in ("quantised", "scale", "zero")]
        net.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], names, f"{x}_quantise"))
        return names

    x = "x"
    for ins in (2, 4):
        whole, scale, zero = quantised(x)
        number = net.constant(np.array(0, np.int8))
        made = net.add("ConvInteger", whole, weight(4, ins, 3), zero, number, pads=[begin, end])
        scaled = net.add("Mul", net.add("Cast", made, to=1), net.add("Mul", scale, net.number(0.01)))
        x = net.add("Relu", scaled)
    whole, scale, zero = quantised(net.add("Transpose", x, perm=[0, 2, 1]))
    made = net.add("MatMulInteger", whole, weight(4, 3), zero)
    return net.model([1, 2, "t"], net.add("Mul", net.add("Cast", made, to=1), scale))


def padded_dynamic() -> onnx.ModelProto:
    """Zeros that a Pad puts in front, quantised for a convolution; and for two that read them otherwise."""
    net = Net()

    def quantised(x: str) -> list[str]:
        names = [f"{x}_{part}" for part in ("quantised", "scale", "zero")]
        net.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], names, f"{x}_quantise"))
        return names

    def weight(*shape: int) -> str:
        return net.constant(net.rng.integers(-100, 100, shape).astype(np.int8))

    whole, scale, zero = quantised(net.pad("x", 3, 2, 2))
    made = net.add("Cast", net.add("ConvInteger", whole, weight(2, 2, 3), zero), to=1)
    x = net.add("Relu", net.add("Mul", made, scale))
    whole, scale, zero = quantised(net.pad(x, 3, 2, 3))
    turned = net.add("MatMulInteger", net.add("Transpose", whole, perm=[0, 2, 1]), weight(2, 2), zero)
    other = net.add("ConvInteger", whole, weight(2, 2, 4))  # of which no number stands for 0
    one = net.add("Mul", net.add("Cast", other, to=1), scale)
    return net.model([1, 2, "t"], one, net.add("Mul", net.add("Cast", turned, to=1), scale))


WHOLES: dict[str, tuple[Callable[[], onnx.ModelProto], int]] = {
    "instance norm": (instance_norm, 2),
    "group norm": (group_norm(21, 6), 2),
    "group norm, scales of groups": (group_norm(18, 3), 2),
    "group norm, as rows": (rows, 2),
    "layer norm": (layer_norm, 2),
    "mean square": (mean_square, 1),
    "mean and variance": (mean_variance, 2),
    "norms written out": (written_out, 4),
    "gate": (gated, 1),
    "mean, divided": (divided, 1),
    "range": (ranged, 3),
    "repeated": (repeated, 1),
    "dynamic quantisation, causal": (causal_dynamic, 6),
    "dynamic quantisation, padded before": (padded_dynamic, 4),
    "last state": (last_state, 1),
    "output, too": (output_too, 1),
    "dynamic quantisation": (dynamic, 6),
}
"""Nets by name, and how many statistics block."""

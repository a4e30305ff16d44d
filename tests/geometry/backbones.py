"""Five backbones whose weights are equal and positive: what a spot makes is symmetric about it, so that it can be found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from small_nets import model

MODELS = Path(__file__).parents[2] / "models"
SIZE = 224


class Net:
    """Writes one: `x` of one channel, tensors of one channel."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}

    def conv(
        self, x: str, name: str, kernel: int, stride: int = 1, dilation: int = 1, pads: tuple[int, int] = (0, 0)
    ) -> str:
        self.weights[name + ".w"] = np.full((1, 1, kernel, kernel), 1 / kernel**2, np.float32)
        attrs = {"strides": [stride] * 2, "dilations": [dilation] * 2, "pads": [pads[0], pads[0], pads[1], pads[1]]}
        self.nodes.append(helper.make_node("Conv", [x, name + ".w"], [name], name, **attrs))
        return name

    def made(self, output: str) -> onnx.ModelProto:
        shape = (1, 1, SIZE, SIZE)
        return model(self.nodes, {"x": shape}, {output: (1, 1, "h", "w")}, self.weights)


def asymmetric() -> tuple[onnx.ModelProto, str]:
    """TensorFlow's SAME: a row more behind than in front, three times with stride 2."""
    net = Net()
    first = net.conv("x", "c1", 3, 2, pads=(0, 1))
    return net.made(net.conv(net.conv(first, "c2", 3, 2, pads=(0, 1)), "c3", 5, 2, pads=(1, 2))), "c3"


def dilated() -> tuple[onnx.ModelProto, str]:
    """Strides, then dilation in their place."""
    net = Net()
    first = net.conv("x", "c1", 7, 2, pads=(3, 3))
    second = net.conv(first, "c2", 3, 2, pads=(1, 1))
    return net.made(net.conv(net.conv(second, "c3", 3, 1, 2, (2, 2)), "c4", 3, 1, 4, (4, 4))), "c4"


def valid() -> tuple[onnx.ModelProto, str]:
    """No padding at all, kernels of even length."""
    net = Net()
    return net.made(net.conv(net.conv(net.conv("x", "c1", 4, 2), "c2", 4, 2), "c3", 2, 2)), "c3"


def pyramid() -> tuple[onnx.ModelProto, str]:
    """The finer level of a feature pyramid: what is coarser comes back by nearest up-sampling, and is added."""
    net = Net()
    fine = net.conv(net.conv("x", "c1", 3, 2, pads=(1, 1)), "c2", 3, 2, pads=(1, 1))
    coarse = net.conv(fine, "c3", 3, 2, pads=(1, 1))
    net.weights["scales"] = np.array([1, 1, 2, 2], np.float32)
    attrs = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    net.nodes.append(helper.make_node("Resize", [coarse, "", "scales"], ["up"], "up", **attrs))
    net.nodes.append(helper.make_node("Add", [fine, "up"], ["p2"], "p2"))
    return net.made("p2"), "p2"


def resnet() -> tuple[onnx.ModelProto, str]:
    """models/resnet18.onnx up to its second stage, whose field is shorter than the input; pooling by mean, not the greatest."""
    found = onnx.load(MODELS / "resnet18.onnx")
    for tensor in found.graph.initializer:
        value = numpy_helper.to_array(tensor)
        equal = np.full(value.shape, 1 / max(1, value[0].size) if value.ndim == 4 else 0, np.float32)
        tensor.CopyFrom(numpy_helper.from_array(equal, tensor.name))
    for node in found.graph.node:
        if node.op_type == "MaxPool":
            node.op_type = "AveragePool"
    last = "layer2.1.relu"
    found.graph.output.append(helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    return found, last


BACKBONES: dict[str, Callable[[], tuple[onnx.ModelProto, str]]] = {
    "asymmetric padding": asymmetric,
    "dilation": dilated,
    "no padding": valid,
    "feature pyramid": pyramid,
    "resnet18": resnet,
}

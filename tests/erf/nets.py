"""Small nets for the tests of effective fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Collects nodes; methods take and give tensor names. `x` is the input."""

    def __init__(self, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs = [helper.make_tensor_value_info("x", dtype, list(shape))]
        self.random = np.random.default_rng(0)

    def op(self, op_type: str, *inputs: str, name: str = "", **attrs: Any) -> str:
        name = name or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op_type, list(inputs), [name], name=name, **attrs))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def conv(self, x: str, weight: np.ndarray, name: str = "", pad: bool = True, **attrs: Any) -> str:
        """A convolution that keeps the centre; `weight` is (out, in, *kernel)."""
        dilation = attrs.get("dilations", [1] * (weight.ndim - 2))
        pads = [d * (k - 1) // 2 if pad else 0 for k, d in zip(weight.shape[2:], dilation, strict=True)]
        w = self.constant(weight.astype(np.float32))
        return self.op("Conv", x, w, name=name, pads=pads * 2, kernel_shape=list(weight.shape[2:]), **attrs)

    def model(self, *outputs: str, opset: int = 17) -> onnx.ModelProto:
        infos = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, infos, self.weights)
        return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])


def uniform_stack(layers: int, kernel: int = 3, axes: int = 1, length: int | None = None) -> onnx.ModelProto:
    """Convolutions with equal weights, without anything between them: Luo et al. 2016, section 2.1. Output `y`."""
    length = length or layers * (kernel - 1) + 3
    net = Net([1, 1, *[length] * axes])
    x = "x"
    for layer in range(layers):
        x = net.conv(x, np.full((1, 1, *[kernel] * axes), kernel**-axes), name="y" if layer == layers - 1 else "")
    return net.model("y")


def random_stack(
    layers: int, seed: int = 0, channels: int = 1, inputs: int = 1, relu: bool = False, length: int | None = None
) -> onnx.ModelProto:
    """1-D convolutions of kernel 3 with normal weights. Output `y`."""
    generator = np.random.default_rng(seed)
    net = Net([1, inputs, length or 2 * layers + 3])
    x, before = "x", inputs
    for layer in range(layers):
        weight = generator.standard_normal((channels, before, 3)) / np.sqrt(3 * before) * (np.sqrt(2) if relu else 1)
        x = net.conv(x, weight, name="y" if layer == layers - 1 and not relu else "")
        if relu:
            x = net.op("Relu", x, name="y" if layer == layers - 1 else "")
        before = channels
    return net.model("y")


def local_net(length: int = 40, batch: int | str = 1) -> onnx.ModelProto:
    """2-D, two convs, a stride, a ReLU: sees 9 x 9. Output `y`."""
    net = Net([batch, 2, length, length])
    draw = net.random.standard_normal
    a = net.op("Relu", net.conv("x", draw((4, 2, 3, 3)), strides=[2, 2]))
    b = net.op("Sigmoid", net.conv(a, draw((3, 4, 3, 3)) / 4))
    net.conv(b, draw((2, 3, 1, 1)), name="y")
    return net.model("y")

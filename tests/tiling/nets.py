"""Small nets for tiles, written node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """A graph while it is written; every method adds a node and gives its output."""

    def __init__(
        self, seed: int = 0, channels: int = 2, rank: int = 2, lengths: Sequence[int | str] = ("h", "w")
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[TensorProto] = []
        self.rank = rank
        self._inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, *lengths])]
        self.channels = {"x": channels}

    def add(self, op: str, inputs: Sequence[str], channels: int, **attrs: Any) -> str:
        name = f"{op.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name, **attrs))
        self.channels[name] = channels
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(value, name))
        return name

    def numbers(self, *shape: int) -> str:
        return self.constant(self._rng.standard_normal(shape).astype(np.float32))

    def conv(self, x: str, out: int, kernel: int = 3, stride: int = 1, **attrs: Any) -> str:
        weights = self.numbers(out, self.channels[x], *[kernel] * self.rank)
        attrs = {"pads": [kernel // 2] * 2 * self.rank, "strides": [stride] * self.rank, **attrs}
        return self.add("Conv", [x, weights, self.numbers(out)], out, **attrs)

    def relu(self, x: str) -> str:
        return self.add("Relu", [x], self.channels[x])

    def up(self, x: str, mode: str = "nearest") -> str:
        scales = self.constant(np.array([1, 1, *[2] * self.rank], np.float32))
        how = {"mode": mode, "coordinate_transformation_mode": "half_pixel" if mode == "linear" else "asymmetric"}
        if mode == "nearest":
            how["nearest_mode"] = "floor"
        return self.add("Resize", [x, "", scales], self.channels[x], **how)

    def instance_norm(self, x: str) -> str:
        c = self.channels[x]
        return self.add("InstanceNormalization", [x, self.numbers(c), self.numbers(c)], c)

    def group_norm(self, x: str, groups: int) -> str:
        """As PyTorch exports it before opset 21."""
        c = self.channels[x]
        rows = self.add("Reshape", [x, self.constant(np.array([0, groups, -1]))], groups)
        ones, zeros = (self.constant(np.full(groups, value, np.float32)) for value in (1, 0))
        normal = self.add("InstanceNormalization", [rows, ones, zeros], groups)
        shape = self.add("Shape", [x], 0)
        back = self.add("Reshape", [normal, shape], c)
        return self.add("Add", [self.add("Mul", [back, self.numbers(c, 1, 1)], c), self.numbers(c, 1, 1)], c)

    def constant_norm(self, x: str) -> str:
        """What a norm does, with figures that are constants."""
        c = self.channels[x]
        x = self.add("Sub", [x, self.numbers(c, 1, 1)], c)
        return self.add("Add", [self.add("Mul", [x, self.numbers(c, 1, 1)], c), self.numbers(c, 1, 1)], c)

    def gate(self, x: str) -> str:
        """Squeeze and excitation."""
        c = self.channels[x]
        pooled = self.add("GlobalAveragePool", [x], c)
        return self.add("Mul", [x, self.add("Sigmoid", [self.conv(pooled, c, 1)], c)], c)

    def scaled(self, x: str, factor: float) -> str:
        return self.add("Mul", [x, self.constant(np.float32([factor]))], self.channels[x])

    def attention(self, x: str) -> str:
        """Each position looks at all of them."""
        c = self.channels[x]
        rows, turned = self.constant(np.array([0, c, -1])), {"perm": [0, 2, 1]}
        q, k, v = (self.add("Reshape", [self.conv(x, c, 1), rows], c) for _ in range(3))
        scores = self.add("MatMul", [self.add("Transpose", [q], c, **turned), k], c)
        mixed = self.add(
            "MatMul", [v, self.add("Transpose", [self.add("Softmax", [scores], c, axis=-1)], c, **turned)], c
        )
        return self.add("Add", [x, self.add("Reshape", [mixed, self.add("Shape", [x], 0)], c)], c)

    def decomposed_norm(self, x: str) -> str:
        """Mean and variance by elementwise operators and two means, over channels too."""
        c, axes = self.channels[x], self.constant(np.array([1, *range(2, 2 + self.rank)]))
        centred = self.add("Sub", [x, self.add("ReduceMean", [x, axes], 1)], c)
        variance = self.add("ReduceMean", [self.add("Mul", [centred, centred], c), axes], 1)
        eps = self.constant(np.float32([1e-5]))
        return self.add("Div", [centred, self.add("Sqrt", [self.add("Add", [variance, eps], 1)], 1)], c)

    def model(self, *outputs: str, opset: int = 18) -> onnx.ModelProto:
        made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self._nodes, "net", self._inputs, made, self._weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def vae_decoder(
    attention: bool = False, norm: bool = True, width: int = 4, channels: tuple[int, ...] = (4, 2)
) -> onnx.ModelProto:
    """As the decoder of a latent diffusion model: residual blocks with GroupNorm and SiLU, each enlarged behind it.

    Args:
        attention: over all positions, in the middle block, as the original has it.
        norm: whether norms take their figures from the image; otherwise these are constants, and every output is local.
        width, channels: of each level, as a multiple of the width.
    """
    net = Net(channels=4)

    def activated(x: str) -> str:
        c = net.channels[x]
        x = net.group_norm(x, 4) if norm else net.constant_norm(x)
        return net.add("Mul", [x, net.add("Sigmoid", [x], c)], c)

    def residual(x: str, out: int) -> str:
        y = net.conv(activated(net.conv(activated(x), out)), out)
        short = x if net.channels[x] == out else net.conv(x, out, 1)
        return net.add("Add", [net.scaled(y, 0.1), short], out)

    first = channels[0] * width
    x = residual(net.conv("x", first), first)
    if attention:
        x = net.attention(x)
    for out in (width * factor for factor in channels):
        x = net.conv(net.up(residual(x, out)), out)
    return net.model(net.conv(activated(x), 3))

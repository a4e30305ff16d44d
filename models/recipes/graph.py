"""A small writer of ONNX graphs: nodes are named by their output, weights are seeded by the model's name."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IR_VERSION = 8  # read by onnxruntime since 1.10


class GraphWriter:
    """Collects nodes and weights. Methods take tensor names and give the name of the tensor that they make."""

    def __init__(self, name: str, opset: int = 17) -> None:
        self.name, self.opset = name, opset
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.channels: dict[str, int] = {}
        self.rank: dict[str, int] = {}
        # The legacy generator's stream is frozen, and random_sample uses no libm: the same bytes on every machine.
        self.random = np.random.RandomState(zlib.crc32(name.encode()))

    def input(self, name: str, shape: Sequence[int]) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        self.channels[name], self.rank[name] = shape[1], len(shape)
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def uniform(self, name: str, shape: Sequence[int], bound: float) -> str:
        """Weights drawn from [-bound, bound)."""
        return self.constant(name, ((self.random.random_sample(shape) * 2 - 1) * bound).astype(np.float32))

    def node(self, op: str, inputs: Sequence[str], name: str, channels: int | None = None, **attrs: Any) -> str:
        """Any operator; channels and rank are the first input's unless said otherwise."""
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attrs))
        self.channels[name] = self.channels.get(inputs[0], 0) if channels is None else channels
        self.rank[name] = self.rank.get(inputs[0], 0)
        return name

    def conv(
        self, x: str, name: str, channels: int, kernel: int | Sequence[int], stride: int | Sequence[int] = 1,
        pad: int | Sequence[int] | None = None, dilation: int = 1, group: int = 1,
    ) -> str:  # fmt: skip
        """Convolution of any rank with bias, He-uniform weights; padded to keep the centre unless `pad` is given."""
        axes = self.rank[x] - 2
        kernels, strides = _each(kernel, axes), _each(stride, axes)
        pads = [dilation * (k - 1) // 2 for k in kernels] if pad is None else _each(pad, axes)
        fan_in = self.channels[x] // group * math.prod(kernels)
        weight = self.uniform(f"{name}.weight", (channels, self.channels[x] // group, *kernels), math.sqrt(6 / fan_in))
        bias = self.uniform(f"{name}.bias", (channels,), 1 / math.sqrt(fan_in))
        return self.node(
            "Conv", [x, weight, bias], name, channels, kernel_shape=kernels, strides=strides, pads=pads * 2,
            dilations=[dilation] * axes, group=group,
        )  # fmt: skip

    def relu(self, x: str) -> str:
        return self.node("Relu", [x], f"{x}.relu")

    def conv_relu(self, x: str, name: str, channels: int, kernel: int | Sequence[int], **options: Any) -> str:
        return self.relu(self.conv(x, name, channels, kernel, **options))

    def max_pool(self, x: str, name: str, kernel: int, stride: int, pad: int = 0, ceil_mode: int = 0) -> str:
        axes = self.rank[x] - 2
        return self.node(
            "MaxPool", [x], name, kernel_shape=[kernel] * axes, strides=[stride] * axes, pads=[pad] * 2 * axes,
            ceil_mode=ceil_mode,
        )  # fmt: skip

    def add(self, a: str, b: str, name: str) -> str:
        return self.node("Add", [a, b], name)

    def concat(self, tensors: Sequence[str], name: str) -> str:
        return self.node("Concat", tensors, name, sum(self.channels[t] for t in tensors), axis=1)

    def linear(self, x: str, name: str, features: int) -> str:
        """x @ W + b over the last axis, as exporters write nn.Linear on tokens."""
        inside = self.channels[x]
        weight = self.uniform(f"{name}.weight", (inside, features), math.sqrt(3 / inside))
        bias = self.uniform(f"{name}.bias", (features,), 1 / math.sqrt(inside))
        product = self.node("MatMul", [x, weight], f"{name}.matmul", features)
        return self.node("Add", [product, bias], name)

    def classifier(self, x: str, classes: int) -> str:
        """Global average pool, flatten, fully connected."""
        flat = self.node("Flatten", [self.node("GlobalAveragePool", [x], "avgpool")], "flatten", axis=1)
        inside = self.channels[x]
        weight = self.uniform("fc.weight", (classes, inside), math.sqrt(3 / inside))
        bias = self.uniform("fc.bias", (classes,), 1 / math.sqrt(inside))
        return self.node("Gemm", [flat, weight, bias], "fc", classes, transB=1)

    def model(self, outputs: Sequence[str], doc: str) -> onnx.ModelProto:
        """The finished, checked model; the shapes of its outputs are inferred."""
        untyped = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, untyped, self.weights)
        model = helper.make_model(
            graph, producer_name="rfonnx", ir_version=IR_VERSION if self.opset < 19 else 9,
            opset_imports=[helper.make_opsetid("", self.opset)], doc_string=doc,
        )  # fmt: skip
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        for declared, found in zip(model.graph.output, inferred.graph.output, strict=True):
            declared.CopyFrom(found)
        onnx.checker.check_model(model)
        return model


def _each(value: int | Sequence[int], axes: int) -> list[int]:
    return [value] * axes if isinstance(value, int) else list(value)

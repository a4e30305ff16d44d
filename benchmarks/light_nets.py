"""The light models that onnx ships, with weights, and the same networks as PyTorch runs them."""

from __future__ import annotations

import math

import numpy as np
import onnx
import torch
from measure import LIGHT
from onnx import ModelProto, NodeProto, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

SHAPED = {"Reshape", "Unsqueeze"}


def light(name: str, batch: int) -> tuple[ModelProto, str]:
    """The model at a batch size, its ConstantOfShape nodes replaced by seeded weights; its last tensor before Softmax."""
    model = onnx.load(LIGHT / f"light_{name}.onnx")
    graph = model.graph
    rng = np.random.default_rng(0)
    stored = {t.name: t for t in graph.initializer}
    made = {n.output[0]: stored.pop(n.input[0]) for n in graph.node if n.op_type == "ConstantOfShape"}
    nodes = [n for n in graph.node if n.op_type not in ("ConstantOfShape", "Softmax", "Dropout")]
    skipped = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Dropout"}
    for node in nodes:
        node.input[:] = [skipped.get(i, i) for i in node.input]
        if node.op_type == "Reshape" and (shape := numpy_helper.to_array(stored[node.input[1]]))[0] == 1:
            rebatched = np.array([batch, *shape[1:]])
            stored[node.input[1]] = numpy_helper.from_array(rebatched, node.input[1])
    stored |= {output: numpy_helper.from_array(_he(shape, rng), output) for output, shape in made.items()}
    inputs = [i for i in graph.input if i.name not in stored and i.name not in {t.name for t in graph.initializer}]
    inputs[0].type.tensor_type.shape.dim[0].dim_value = batch
    last = nodes[-1].output[0]
    new = onnx.helper.make_graph(nodes, name, inputs, [onnx.ValueInfoProto(name=last)], list(stored.values()))
    new.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return onnx.helper.make_model(new, opset_imports=list(model.opset_import), ir_version=8), last


def _he(shape: onnx.TensorProto, rng: np.random.Generator) -> np.ndarray:
    """He et al. 2015; scales, biases and variances near 1."""
    lengths = numpy_helper.to_array(shape)
    if len(lengths) == 1:
        return rng.uniform(0.9, 1.1, lengths).astype(np.float32)
    return (rng.standard_normal(lengths) * math.sqrt(2 / math.prod(lengths[1:]))).astype(np.float32)


class Twin(nn.Module):
    """A light model's graph, node by node, with PyTorch's operators."""

    def __init__(self, model: ModelProto) -> None:
        super().__init__()
        graph = model.graph
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.steps = [(n, {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}) for n in graph.node]

    def forward(self, image: Tensor) -> Tensor:
        known = {**self.constants, self.input: image}
        for node, attrs in self.steps:
            known[node.output[0]] = _run(node, attrs, [known[i] for i in node.input])
        return known[self.output]


def _run(node: NodeProto, attrs: dict, x: list[Tensor]) -> Tensor:
    """One operator, as far as the light models use it."""
    kind = node.op_type
    if kind in ("Conv", "MaxPool", "AveragePool"):
        return _window(kind, attrs, x)
    if kind == "BatchNormalization":
        scale, bias, mean, var = x[1:]
        return functional.batch_norm(x[0], mean, var, scale, bias, eps=attrs.get("epsilon", 1e-5))
    if kind == "LRN":
        return functional.local_response_norm(
            x[0], attrs["size"], attrs["alpha"], attrs["beta"], attrs.get("bias", 1.0)
        )
    if kind == "Gemm":
        return functional.linear(x[0], x[1] if attrs.get("transB") else x[1].T, x[2])
    if kind == "Unsqueeze":
        for axis in attrs["axes"]:
            x[0] = x[0].unsqueeze(axis)
        return x[0]
    simple = {
        "Relu": lambda: functional.relu(x[0]),
        "GlobalAveragePool": lambda: x[0].mean((2, 3), keepdim=True),
        "Concat": lambda: torch.cat(x, attrs["axis"]),
        "Sum": lambda: x[0] + x[1],
        "Add": lambda: x[0] + x[1],
        "Mul": lambda: x[0] * x[1],
        "Reshape": lambda: x[0].reshape(x[1].tolist()),
        "Transpose": lambda: x[0].permute(attrs["perm"]),
    }
    return simple[kind]()


def _padded_mean(x: Tensor, attrs: dict, stride: list[int]) -> Tensor:
    top, left, bottom, right = attrs["pads"]
    return functional.avg_pool2d(functional.pad(x, (left, right, top, bottom)), attrs["kernel_shape"], stride)


def _window(kind: str, attrs: dict, x: list[Tensor]) -> Tensor:
    top, left, bottom, right = attrs.get("pads", (0, 0, 0, 0))
    pads: tuple[int, int] = (top, left)
    stride = attrs.get("strides", [1, 1])
    if (top, left) != (bottom, right):
        if kind == "AveragePool":  # padding does not count
            summed, counts = (_padded_mean(v, attrs, stride) for v in (x[0], torch.ones_like(x[0][:1, :1])))
            return summed / counts
        fill = -math.inf if kind == "MaxPool" else 0.0
        x[0], pads = functional.pad(x[0], (left, right, top, bottom), value=fill), (0, 0)
    if kind == "Conv":
        bias = x[2] if len(x) > 2 else None
        return functional.conv2d(x[0], x[1], bias, stride, pads, attrs.get("dilations", [1, 1]), attrs.get("group", 1))
    if kind == "MaxPool":
        return functional.max_pool2d(x[0], attrs["kernel_shape"], stride, pads)
    counted = bool(attrs.get("count_include_pad"))
    return functional.avg_pool2d(x[0], attrs["kernel_shape"], stride, pads, count_include_pad=counted)

"""Small nets for the tests of compare and check, built with onnx.helper, at an opset and IR that onnxruntime takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

Dims = Sequence[int | str]


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, Dims],
    outputs: dict[str, Dims],
    weights: dict[str, np.ndarray] | None = None,
    types: dict[str, int] | None = None,
) -> onnx.ModelProto:
    types = types or {}
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info(n, types.get(n, onnx.TensorProto.FLOAT), list(s)) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, types.get(n, onnx.TensorProto.FLOAT), list(s)) for n, s in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def classifier(
    seed: int = 0, size: Dims = (8, 8), channels: int = 3, classes: int = 6, scale: float = 1.0
) -> onnx.ModelProto:
    """conv 3/1, relu, conv 3/2, relu, global pool, linear: x (n, channels, rows, columns) to scores (n, classes)."""
    draw = np.random.default_rng(seed).standard_normal
    weights = {
        "w1": (draw((5, channels, 3, 3)) * 0.4).astype("f"),
        "w2": (draw((7, 5, 3, 3)) * 0.3).astype("f"),
        "w3": (draw((7, classes)) * scale).astype("f"),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], "conv2", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["p"], "pool"),
        helper.make_node("Flatten", ["p"], ["f"], "flatten"),
        helper.make_node("MatMul", ["f", "w3"], ["scores"], "linear"),
    ]
    return model(nodes, {"x": ("n", channels, *size)}, {"scores": ("n", classes)}, weights)


def segmenter(seed: int = 0, size: Dims = ("h", "w"), classes: int = 4) -> onnx.ModelProto:
    """conv 3/1, relu, conv 1/1: x (n, 2, h, w) to scores (n, classes, h, w)."""
    draw = np.random.default_rng(seed).standard_normal
    weights = {"w1": draw((6, 2, 3, 3)).astype("f"), "w2": draw((classes, 6, 1, 1)).astype("f")}
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2"], ["scores"], "conv2"),
    ]
    return model(nodes, {"x": ("n", 2, *size)}, {"scores": ("n", classes, *size)}, weights)


def damaged(proto: onnx.ModelProto, weight: str, factor: float = -1.0) -> onnx.ModelProto:
    """The same model with one weight multiplied."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for tensor in copy.graph.initializer:
        if tensor.name == weight:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(factor), weight))
    return copy


def save(proto: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(proto.SerializeToString())
    return path

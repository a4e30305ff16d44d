"""Models that do harm to the process that looks at them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from small_nets import model


def small(path: Path, kernel: int = 3) -> Path:
    """One convolution."""
    weight = np.ones((1, 1, kernel, kernel), np.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv")
    onnx.save(model([node], {"x": (1, 1, 32, 32)}, {"y": (1, 1, "h", "w")}, {"w": weight}), path)
    return path


def large(path: Path) -> Path:
    """One convolution with weights of 64 MB."""
    weight = np.ones((4096, 1, 64, 64), np.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv")
    onnx.save(model([node], {"x": (1, 1, 64, 64)}, {"y": (1, 4096, 1, 1)}, {"w": weight}), path)
    return path


def crashes(path: Path) -> Path:
    """A GRU that is given no step: onnxruntime aborts its process."""
    rng = np.random.default_rng(0)
    weights = {
        "w": rng.standard_normal((1, 9, 4)).astype("f"),
        "r": rng.standard_normal((1, 9, 3)).astype("f"),
        "none": np.array([0]),
    }
    nodes = [
        helper.make_node("Slice", ["x", "none", "none", "none"], ["e"], "empty"),
        helper.make_node("GRU", ["e", "w", "r"], ["y"], "gru", hidden_size=3),
    ]
    onnx.save(model(nodes, {"x": (7, 1, 4)}, {"y": (0, 1, 1, 3)}, weights), path)
    return path


def hangs(path: Path) -> Path:
    """A loop of half a milliard rounds."""
    frame = (1, 3, 64, 64)
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Tanh", ["v"], ["after"])],
        "round",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("v", TensorProto.FLOAT, frame)],
        [value("on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, frame)],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["n", "true", "x"], ["y"], "loop", body=body)],
        "net",
        [value("x", TensorProto.FLOAT, frame)],
        [value("y", TensorProto.FLOAT, frame)],
        [numpy_helper.from_array(np.array(5 * 10**8), "n"), numpy_helper.from_array(np.array(True), "true")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path

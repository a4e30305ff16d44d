"""A small model that is reported before all others, so that what every report needs has been read when its process is copied.

Modules are imported when they are first needed (onnxruntime, the rules, onnx's evaluator), and tables are made then: each copy
would do so again.
"""

from __future__ import annotations

import gc
from contextlib import suppress

import numpy as np
import onnx
from onnx import helper, numpy_helper

from rfonnx.scanning.reporting import reported
from rfonnx.system import scratch


def rehearse() -> None:
    """Report the small model. What goes wrong costs time alone: the models of the scan say what is wrong."""
    with suppress(Exception), scratch.folder() as folder:
        path = folder / "rehearsal.onnx"
        onnx.save(small_model(), path)
        reported(str(path), None)
    gc.collect()
    gc.freeze()  # what is there stays, and its pages need not be copied to be looked at


def small_model() -> onnx.ModelProto:
    """A convolution, an activation, an upsampling, a pool, and a length that is worked out of constants."""
    constants = {
        "weight": np.ones((2, 1, 3, 3), np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "lengths": np.array([-1, 1]),
        "factors": np.array([1, 2]),
    }
    nodes = [
        helper.make_node("Conv", ["x", "weight"], ["seen"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["seen"], ["active"], "relu"),
        helper.make_node("Resize", ["active", "", "scales"], ["larger"], "up", mode="nearest"),
        helper.make_node("GlobalAveragePool", ["larger"], ["mean"], "pool"),
        helper.make_node("Mul", ["lengths", "factors"], ["shape"], "lengths"),
        helper.make_node("Reshape", ["mean", "shape"], ["y"], "flat"),
    ]
    graph = helper.make_graph(
        nodes,
        "rehearsal",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 1, 16, 16])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

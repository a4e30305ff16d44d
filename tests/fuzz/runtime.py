"""Runs nodes and models under onnxruntime, unoptimised, so that every tensor can be seen."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

IR_VERSION = 10


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def optimised(model: onnx.ModelProto, level: str) -> onnx.ModelProto:
    """The model as onnxruntime saves it after its own optimisation: "BASIC", "EXTENDED" (fused operators) or "ALL" (layouts)."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level}")
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def run_node(
    node: onnx.NodeProto,
    feeds: Mapping[str, Any],
    constants: Mapping[str, np.ndarray],
    opsets: Sequence[onnx.OperatorSetIdProto],
    functions: Sequence[onnx.FunctionProto] = (),
) -> list[Any]:
    """Values of the node's outputs, those that it makes."""
    graph = helper.make_graph(
        [node],
        "node",
        [value_info(name, value) for name, value in feeds.items()],
        [helper.make_value_info(name, onnx.TypeProto()) for name in node.output if name],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=IR_VERSION)
    return session_of(model).run(None, dict(feeds))


def value_info(name: str, value: Any) -> onnx.ValueInfoProto:
    """What a value is, its shape left open; a list is a sequence."""
    if isinstance(value, list):
        return helper.make_tensor_sequence_value_info(name, tensor_type(value[0]), None)
    return helper.make_tensor_value_info(name, tensor_type(value), [None] * value.ndim)


def tensor_type(value: np.ndarray) -> int:
    return helper.np_dtype_to_tensor_dtype(value.dtype)

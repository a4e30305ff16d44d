"""Shapes of operators that onnx has no schema for: the com.microsoft ones of optimised and quantised models."""

from __future__ import annotations

from onnx import NodeProto, TypeProto

from rfonnx.graph.fold import Constants
from rfonnx.graph.model import Node
from rfonnx.graph.tensors import Tensors


def infer(proto: NodeProto, node: Node, tensors: Tensors, constants: Constants) -> dict[int, TypeProto]:
    return {}

"""How many channels make a block in tensors that onnxruntime has laid out as NCHWc."""

from __future__ import annotations

from collections.abc import Iterable

from onnx import TensorProto

from rfonnx.graph.file_nodes import FileNode

NCHWC = "com.microsoft.nchwc"


def channel_block(nodes: Iterable[FileNode], stored: Iterable[TensorProto]) -> int:
    """16 where a file was optimised on a machine with AVX-512, else 8 (onnxruntime's `MlasNchwcGetBlockSize`); by a graph's nodes
    and initializers.

    The file does not say it, but its weights do: convolutions have whole blocks of outputs, and of inputs that are blocked.
    """
    nodes = [node for node in nodes if node.domain == NCHWC]
    shapes = {tensor.name: tuple(tensor.dims) for tensor in stored} if nodes else {}
    blocked = {name for node in nodes if node.op_type != "ReorderOutput" for name in node.outputs}
    lengths: list[int] = []
    for node in nodes:
        weight = shapes.get(node.inputs[1], ()) if node.op_type == "Conv" and len(node.inputs) > 1 else ()
        lengths += weight[:1]
        if len(weight) > 1 and weight[1] > 1 and node.inputs[0] in blocked:  # 1: of a depthwise one
            lengths.append(weight[1])
    return 16 if lengths and all(n % 16 == 0 for n in lengths) else 8

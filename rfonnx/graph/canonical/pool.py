"""Pools with a kernel. After it: `kernel_shape, strides, dilations, pads` (explicit); `pads` None when they cannot be known."""

from __future__ import annotations

from rfonnx.errors import ModelError
from rfonnx.graph.canonical.registry import int_attr, ints_attr, spelling, with_attrs
from rfonnx.graph.canonical.windows import window_attrs
from rfonnx.graph.model import Graph, Node

_CHANNELS_LAST = {"com.microsoft.NhwcMaxPool", "com.ms.internal.nhwc.MaxPool", "com.ms.internal.nhwc.AveragePool"}


@spelling(
    "MaxPool",
    "AveragePool",
    "LpPool",
    "MaxUnpool",
    "com.microsoft.QLinearAveragePool",
    "com.microsoft.NhwcMaxPool",
    "com.microsoft.nchwc.MaxPool",
    "com.microsoft.nchwc.AveragePool",
    "com.ms.internal.nhwc.MaxPool",
    "com.ms.internal.nhwc.AveragePool",
)
def pool(node: Node, graph: Graph) -> Node:
    """Ceil mode needs nothing: its last windows lie beyond the edge, and their number is in the output's shape."""
    kernel = ints_attr(node, "kernel_shape")
    image = graph.shapes.get(node.inputs[0])
    if kernel is None or (image is not None and len(image) != len(kernel) + 2):
        raise ModelError(
            f"{node}: 'kernel_shape' must have one size per spatial axis of the input's shape {image}, but is {kernel}",
            "check the file with onnx.checker",
        )
    last = node.kind in _CHANNELS_LAST or bool(int_attr(node, "channels_last", 0))
    lengths = None if image is None else image[1:-1] if last else image[2:]
    return with_attrs(node, **window_attrs(node, kernel, lengths))

"""Convolutions. After it: `kernel_shape, strides, dilations, pads` (explicit), `group`; `pads` None when they cannot be known."""

from __future__ import annotations

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import input_name, int_attr, ints_attr, spelling, with_attrs
from rfonnx.operators.spellings.windows import window_attrs

_WEIGHT = {"QLinearConv": 3, "com.microsoft.QLinearConv": 3, "com.microsoft.QLinearConvTranspose": 3}
"""Index of the weight among the inputs, where it is not 1."""


@spelling("Conv", "ConvInteger", "QLinearConv", "DeformConv", "com.microsoft.FusedConv", "com.microsoft.nchwc.Conv")
def conv(node: Node, graph: Graph) -> Node:
    """Spatial axes follow batch and channels."""
    return _conv(node, graph, first=2)


@spelling("com.microsoft.NhwcConv", "com.microsoft.NhwcFusedConv", "com.ms.internal.nhwc.Conv")
def conv_channels_last(node: Node, graph: Graph) -> Node:
    """Channels are the last axis of the image; the weight has the usual layout, except in `com.ms.internal.nhwc`."""
    return _conv(node, graph, first=1)


@spelling("com.microsoft.QLinearConv")
def quantized_conv(node: Node, graph: Graph) -> Node:
    """`channels_last` says where the channels are."""
    return _conv(node, graph, first=1 if int_attr(node, "channels_last", 0) else 2)


@spelling("ConvTranspose", "com.microsoft.QLinearConvTranspose")
def conv_transpose(node: Node, graph: Graph) -> Node:
    """As `conv`; `pads` is what is cut from the full result, whichever way the file says it."""
    return _conv(node, graph, first=2, transposed=True)


def _conv(node: Node, graph: Graph, first: int, transposed: bool = False) -> Node:
    weight = graph.shapes.get(input_name(node, _WEIGHT.get(node.kind, 1)))
    kernel = ints_attr(node, "kernel_shape")
    if kernel is None:
        if weight is None or None in weight[2:]:
            return with_attrs(node, pads=None)
        kernel = [n for n in weight[2:] if n is not None]
    if weight is not None and len(weight) != len(kernel) + 2:
        raise ModelError(
            f"{node}: a kernel of {len(kernel)} axes {kernel} does not fit the weight's shape {weight}",
            "check the file with onnx.checker",
        )
    end = first + len(kernel)
    image, out = graph.shapes.get(input_name(node, 0)), graph.shapes.get(next(iter(node.outputs), ""))
    if image is not None and len(image) != len(kernel) + 2:
        raise ModelError(
            f"{node}: a kernel of {len(kernel)} axes {kernel} does not fit the input's shape {image}",
            "check the file with onnx.checker",
        )
    lengths = None if image is None else image[first:end]
    out_lengths = None if out is None else out[first:end]
    attrs = window_attrs(node, kernel, lengths, out_lengths, transposed)
    return with_attrs(node, **attrs, group=int_attr(node, "group", 1))

"""Pools with a kernel. After it: `kernel_shape, strides, dilations, pads` (explicit); `pads` None when they cannot be known.

Where onnxruntime pads SAME otherwise than the specification says, `other_pads` holds its pads: with dilations, they give another
length too, which is the one that is taken.
"""

from __future__ import annotations

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import input_name, int_attr, ints_attr, spelling, with_attrs
from rfonnx.operators.spellings.windows import window_attrs
from rfonnx.results.fields import Shape

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
    image = graph.shapes.get(input_name(node, 0))
    if kernel is None or (image is not None and len(image) != len(kernel) + 2):
        raise ModelError(
            f"{node}: 'kernel_shape' must have one size per spatial axis of the input's shape {image}, but is {kernel}",
            "check the file with onnx.checker",
        )
    last = node.kind in _CHANNELS_LAST or bool(int_attr(node, "channels_last", 0))
    lengths = None if image is None else image[1:-1] if last else image[2:]
    attrs = window_attrs(node, kernel, lengths)
    other = _onnxruntime_pads(node, attrs["strides"], kernel, lengths)
    if other is None or attrs["pads"] is None:
        return with_attrs(node, **attrs)
    dilated = any(d > 1 < k for d, k in zip(attrs["dilations"], kernel, strict=True))
    if other == attrs["pads"] or (not dilated and other[: len(kernel)] == attrs["pads"][: len(kernel)]):
        return with_attrs(node, **attrs)  # windows begin at the same places, and are as many
    return with_attrs(node, **attrs, other_pads=other)


def _onnxruntime_pads(node: Node, strides: list[int], kernel: list[int], lengths: Shape) -> list[int] | None:
    """SAME pads as onnxruntime's pools have them: without regard to dilation, and negative where the stride exceeds the kernel
    (`ComputeSizePadDilations` in its pool_attributes.h). None without SAME."""
    auto_pad = node.attrs.get("auto_pad", "NOTSET")
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER") or lengths is None:
        return None
    begins, ends = [], []
    for n, stride, k in zip(lengths, strides, kernel, strict=True):
        if n is None:
            return None
        needed = (-(-n // stride) - 1) * stride + k - n
        head = needed + 1 if auto_pad == "SAME_LOWER" else needed
        begins.append(head // 2 if head >= 0 else -(-head // 2))  # C++ rounds towards zero
        ends.append(needed - begins[-1])
    return begins + ends

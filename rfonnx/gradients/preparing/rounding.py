"""Pools that round up, written with the padding that they really reach.

A last window that would start in the end padding is dropped by runtimes. Below opset 22 shape inference counts it, onnxruntime's
own included, and then the gradient's nodes, which have the measured shapes, do not fit the forward's.
"""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, helper

from rfonnx.graph.file_nodes import plain_domain
from rfonnx.graph.tensors import Types, is_static


def round_down(model: ModelProto, types: Types) -> None:
    """Give pools with a dropped window explicit end pads instead of `ceil_mode`, in place.

    Args:
        model: the graph.
        types: of its tensors, as measured; those of new tensors are added.
    """
    nodes: list[NodeProto] = []
    for node in list(model.graph.node):
        if node.op_type in ("AveragePool", "LpPool", "MaxPool") and not plain_domain(node.domain):
            nodes.extend(_explicit(node, types, model))
        nodes.append(node)
    if len(nodes) > len(model.graph.node):
        kept = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
        model.graph.ClearField("node")
        model.graph.node.extend(kept)


def _explicit(node: NodeProto, types: Types, model: ModelProto) -> list[NodeProto]:
    """Rewrite one pool where that is needed; gives the nodes that must run before it.

    Example: length 9, kernel 2, stride 2, pads (1, 1): rounding up gives 6 windows, of which the last starts at 10, in the
    padding. 5 are left, which reach to 10: pads (1, 0).
    """
    attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    unknown = "", 0, None
    dtype, elem, shape = types.get(node.input[0], unknown)
    out = types.get(node.output[0], unknown)[2]
    fixed = attrs.get("auto_pad", b"NOTSET") == b"NOTSET"
    if not attrs.get("ceil_mode") or not fixed or shape is None or out is None or not is_static((*shape, *out)):
        return []
    kernel = attrs["kernel_shape"]
    rank = len(kernel)
    ones = [1] * rank
    pads = list(attrs.get("pads", [0, 0] * rank))
    reached, dropped = list(pads), False
    for axis, (stride, dilation) in enumerate(
        zip(attrs.get("strides", ones), attrs.get("dilations", ones), strict=True)
    ):
        span, count = (kernel[axis] - 1) * dilation + 1, out[2 + axis] or 0
        beyond = (count - 1) * stride + span - pads[axis] - (shape[2 + axis] or 0)
        dropped |= beyond < pads[rank + axis]
        reached[rank + axis] = max(beyond, 0)
    if not dropped:
        return []
    before: list[NodeProto] = []
    if attrs.get("count_include_pad"):
        # padding that counts becomes part of the image; what lies beyond it never counts
        name = f"{node.output[0]}/padded"
        widths = [0, 0, *pads[:rank], 0, 0, *pads[rank:]]
        model.graph.initializer.append(helper.make_tensor(f"{name}/pads", TensorProto.INT64, [len(widths)], widths))
        before.append(helper.make_node("Pad", [node.input[0], f"{name}/pads"], [name], name=name))
        wide = [(n or 0) + widths[i] + widths[rank + 2 + i] for i, n in enumerate(shape)]
        types[name] = dtype, elem, tuple(wide)
        node.input[0] = name
        reached = [0] * rank + [max(r - p, 0) for r, p in zip(reached[rank:], pads[rank:], strict=True)]
    for attribute in [a for a in node.attribute if a.name in ("ceil_mode", "count_include_pad", "pads")]:
        node.attribute.remove(attribute)
    node.attribute.append(helper.make_attribute("pads", reached))
    return before

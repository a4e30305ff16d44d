"""Elementwise operators. After it:

- Add, Sub, Mul, Div, Pow, And, ... of opset 1..6 with `broadcast`: `axis` is where the second operand's axes begin in
  the first's; operators that broadcast as numpy does have no `axis`.
- QuantizeLinear, DequantizeLinear: `axis` (None when the rank is unknown) and `block_size` (0: not blocked).
"""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import input_rank, int_attr, positive_axis, spelling, with_attrs


@spelling("Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less")
def binary(node: Node, graph: Graph) -> Node:
    """Up to opset 6 the second operand lines up with the first at `axis`, by default at its end."""
    if node.version >= 7 or not int_attr(node, "broadcast", 0):
        return node
    rank, other = input_rank(node, graph, 0), input_rank(node, graph, 1)
    if rank is None or other is None:
        return node
    if "axis" not in node.attrs:
        return with_attrs(node, axis=rank - other)
    return with_attrs(node, axis=positive_axis(node, int_attr(node, "axis", 0), rank))


@spelling(
    "QuantizeLinear",
    "DequantizeLinear",
    "com.microsoft.QuantizeLinear",
    "com.microsoft.DequantizeLinear",
)
def quantize(node: Node, graph: Graph) -> Node:
    """`axis` is the one along which scales differ; com.microsoft and ai.onnx agree on 1."""
    rank = input_rank(node, graph, 0)
    scale_rank = input_rank(node, graph, 1)
    block_size = int_attr(node, "block_size", 0)
    if rank is None or scale_rank is None:
        return with_attrs(node, axis=None, block_size=block_size)
    if scale_rank == 0:
        return with_attrs(node, axis=0, block_size=block_size)
    axis = int_attr(node, "axis", 1)
    # one scale for all may come as a list of one, for which a default axis beyond the rank does not matter
    axis = 0 if rank <= 1 and "axis" not in node.attrs else positive_axis(node, axis, rank)
    return with_attrs(node, axis=axis, block_size=block_size)

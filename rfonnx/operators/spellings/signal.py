"""DFT. After it: `axis`, counted from the front; None when it is computed at run time or the rank is unknown."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    constant_ints,
    input_name,
    input_rank,
    int_attr,
    positive_axis,
    spelling,
    with_attrs,
)


@spelling("DFT")
def dft(node: Node, graph: Graph) -> Node:
    """The axis is an attribute (1 by default) in opset 17, and an input (-2 by default) since opset 20."""
    rank = input_rank(node, graph, 0)
    axis: int | None
    if node.version < 20:
        axis = int_attr(node, "axis", 1)
    elif not input_name(node, 2):
        axis = -2
    else:
        given = constant_ints(node, graph, 2)
        axis = given[0] if given else None
    known = rank is not None and axis is not None
    return with_attrs(node, axis=positive_axis(node, axis, rank) if known else None)  # type: ignore[arg-type]

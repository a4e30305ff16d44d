"""Spelling of running sums. CumSum, CumProd afterwards: `axis` (None when computed at run time), `exclusive`, `reverse`."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import constant_ints, input_rank, int_attr, positive_axis, spelling, with_attrs


@spelling("CumSum", "CumProd")
def cumulate(node: Node, graph: Graph) -> Node:
    """axis is an input."""
    axis, rank = constant_ints(node, graph, 1), input_rank(node, graph, 0)
    known = positive_axis(node, axis[0], rank) if axis and rank is not None else None
    return with_attrs(node, axis=known, exclusive=int_attr(node, "exclusive", 0), reverse=int_attr(node, "reverse", 0))

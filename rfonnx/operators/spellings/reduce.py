"""Reductions. After it: `axes` (sorted list; None when computed at run time or the rank is unknown) and `keepdims`."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    constant_ints,
    input_name,
    input_rank,
    int_attr,
    ints_attr,
    positive_axes,
    positive_axis,
    spelling,
    with_attrs,
)


@spelling(
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "com.microsoft.QLinearReduceMean",
    "com.microsoft.ReduceSumInteger",
)
def reduce(node: Node, graph: Graph) -> Node:
    """Axes are an attribute or, since opset 13 (ReduceSum) and 18, an input; none at all means all, or with
    `noop_with_empty_axes` none."""
    rank = input_rank(node, graph, 0)
    keepdims = int_attr(node, "keepdims", 1)
    axes = ints_attr(node, "axes")
    index = len(node.inputs) if node.domain else 1  # elsewhere input 1 is no list of axes
    if axes is None and input_name(node, index):
        axes = constant_ints(node, graph, index)
        if axes is None:
            return with_attrs(node, axes=None, keepdims=keepdims)
    if rank is None:
        return with_attrs(node, axes=None, keepdims=keepdims)
    if not axes:
        axes = [] if int_attr(node, "noop_with_empty_axes", 0) else list(range(rank))
    return with_attrs(node, axes=positive_axes(node, axes, rank), keepdims=keepdims)


@spelling("ArgMax", "ArgMin")
def arg_reduce(node: Node, graph: Graph) -> Node:
    """One axis, 0 by default."""
    rank = input_rank(node, graph, 0)
    axes = None if rank is None else [positive_axis(node, int_attr(node, "axis", 0), rank)]
    return with_attrs(node, axes=axes, keepdims=int_attr(node, "keepdims", 1))

"""Spelling of operators that write at positions, or make positions. Attributes afterwards:

ScatterElements (also for Scatter): `axis`, `reduction` ("none", "add", "mul", "max", "min"). ScatterND: `reduction`.
TensorScatter: `axis`, `mode` ("linear", "circular"). OneHot: `axis` (of the output), `depth` (None when not known).
Trilu: `upper`, `k` (None when not known). TopK: `axis`, `k`, `largest`, `sorted`. RoiAlign: defaults filled in.
"""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    constant_ints,
    float_attr,
    input_name,
    input_rank,
    int_attr,
    positive_axis,
    spelling,
    with_attrs,
    word_attr,
)

REDUCTIONS = ("none", "add", "mul", "max", "min")


@spelling("ScatterElements", "Scatter")
def scatter_elements(node: Node, graph: Graph) -> Node:
    """Scatter is the older name; reduction came with opset 16."""
    attrs = {
        **node.attrs,
        "axis": _axis(node, graph, 0),
        "reduction": word_attr(node, "reduction", "none", REDUCTIONS),
    }
    return Node("ScatterElements", node.domain, node.name, node.inputs, node.outputs, attrs, node.version)


@spelling("ScatterND")
def scatter_nd(node: Node, graph: Graph) -> Node:
    """reduction came with opset 16."""
    return with_attrs(node, reduction=word_attr(node, "reduction", "none", REDUCTIONS))


@spelling("TensorScatter")
def tensor_scatter(node: Node, graph: Graph) -> Node:
    """The sequence axis is the last but one by default."""
    return with_attrs(node, axis=_axis(node, graph, -2), mode=word_attr(node, "mode", "linear", ("linear", "circular")))


def _axis(node: Node, graph: Graph, default: int) -> int:
    axis, rank = int_attr(node, "axis", default), input_rank(node, graph, 0)
    return axis if rank is None else positive_axis(node, axis, rank)


@spelling("OneHot")
def one_hot(node: Node, graph: Graph) -> Node:
    """axis counts the axes of the output, one more than indices has."""
    axis, rank, depth = int_attr(node, "axis", -1), input_rank(node, graph, 0), constant_ints(node, graph, 1)
    axis = axis if rank is None else positive_axis(node, axis, rank + 1)
    return with_attrs(node, axis=axis, depth=depth[0] if depth else None)


@spelling("Trilu")
def trilu(node: Node, graph: Graph) -> Node:
    """The diagonal k is an input, 0 when left out."""
    k: int | None = 0
    if input_name(node, 1):
        given = constant_ints(node, graph, 1)
        k = given[0] if given else None
    return with_attrs(node, upper=int_attr(node, "upper", 1), k=k)


@spelling("TopK")
def top_k(node: Node, graph: Graph) -> Node:
    """k: an attribute in opset 1, an input from 10."""
    k: int | None = int_attr(node, "k", 1)
    if node.version >= 10:
        given = constant_ints(node, graph, 1)
        k = given[0] if given else None
    return with_attrs(
        node, axis=_axis(node, graph, -1), k=k, largest=int_attr(node, "largest", 1), sorted=int_attr(node, "sorted", 1)
    )


@spelling("RoiAlign")
def roi_align(node: Node, graph: Graph) -> Node:
    """Coordinates were not shifted by half a pixel before opset 16."""
    default = "half_pixel" if node.version >= 16 else "output_half_pixel"
    return with_attrs(
        node,
        coordinate_transformation_mode=node.attrs.get("coordinate_transformation_mode", default),
        mode=node.attrs.get("mode", "avg"),
        output_height=int_attr(node, "output_height", 1),
        output_width=int_attr(node, "output_width", 1),
        sampling_ratio=int_attr(node, "sampling_ratio", 0),
        spatial_scale=float_attr(node, "spatial_scale", 1.0),
    )

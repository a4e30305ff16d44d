"""Spelling of operators that only move elements. Attributes afterwards:

Transpose: `perm`. Flatten: `axis`. Squeeze, Unsqueeze: `axes` (of the longer shape). Tile: `repeats`, one per axis.
DepthToSpace: `blocksize`, `mode` ("DCR", "CRD"). SpaceToDepth: `blocksize`, `mode`.
Col2Im: `image_shape`, `block_shape`, `strides`, `dilations`, `pads`.
"""

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
    word_attr,
)


@spelling("Transpose")
def transpose(node: Node, graph: Graph) -> Node:
    """perm defaults to the axes reversed."""
    perm, rank = ints_attr(node, "perm"), input_rank(node, graph, 0)
    if perm is None:
        return with_attrs(node, perm=None if rank is None else list(range(rank))[::-1])
    return node if rank is None else with_attrs(node, perm=[positive_axis(node, axis, rank) for axis in perm])


@spelling("Flatten")
def flatten(node: Node, graph: Graph) -> Node:
    """axis defaults to 1, and may equal the rank."""
    axis, rank = int_attr(node, "axis", 1), input_rank(node, graph, 0)
    return with_attrs(node, axis=axis + rank if axis < 0 and rank is not None else axis)


@spelling("Squeeze")
def squeeze(node: Node, graph: Graph) -> Node:
    """axes: an attribute up to opset 12, an input later; every axis of length 1 when left out."""
    shape = graph.shapes.get(input_name(node, 0))
    given, axes = _axes(node, graph)
    if not given:
        known = shape is not None and None not in shape
        return with_attrs(node, axes=[i for i, n in enumerate(shape or ()) if n == 1] if known else None)
    if axes is not None and shape is not None:
        axes = positive_axes(node, axes, len(shape))
    return with_attrs(node, axes=axes)


@spelling("Unsqueeze")
def unsqueeze(node: Node, graph: Graph) -> Node:
    """axes: an attribute up to opset 12, an input later; they count axes of the output."""
    rank = input_rank(node, graph, 0)
    _, axes = _axes(node, graph)
    if axes is not None and rank is not None:
        axes = positive_axes(node, axes, rank + len(axes))
    return with_attrs(node, axes=axes)


def _axes(node: Node, graph: Graph) -> tuple[bool, list[int] | None]:
    """Whether axes are given at all, and their value when it is known."""
    if node.version >= 13:
        return bool(input_name(node, 1)), constant_ints(node, graph, 1)
    axes = ints_attr(node, "axes")
    return axes is not None, axes


@spelling("Tile")
def tile(node: Node, graph: Graph) -> Node:
    """Opset 1 repeats one axis (inputs tiles, axis); later `repeats` has one entry per axis."""
    repeats = constant_ints(node, graph, 1)
    if node.version < 6 and repeats is not None:
        rank, axis = input_rank(node, graph, 0), constant_ints(node, graph, 2)
        if rank is None or not axis:
            return with_attrs(node, repeats=None)
        along = positive_axis(node, axis[0], rank)
        repeats = [repeats[0] if i == along else 1 for i in range(rank)]
    return with_attrs(node, repeats=repeats)


@spelling("DepthToSpace", "SpaceToDepth")
def depth_to_space(node: Node, graph: Graph) -> Node:
    """mode came with opset 11 to DepthToSpace; before, and for SpaceToDepth, it is "DCR"."""
    return with_attrs(
        node, blocksize=int_attr(node, "blocksize", 1), mode=word_attr(node, "mode", "DCR", ("DCR", "CRD"))
    )


@spelling("Col2Im")
def col2im(node: Node, graph: Graph) -> Node:
    """image_shape and block_shape are inputs; None when computed at run time."""
    image, block = constant_ints(node, graph, 1), constant_ints(node, graph, 2)
    rank = len(image or block or ())
    return with_attrs(
        node,
        image_shape=image,
        block_shape=block,
        strides=ints_attr(node, "strides") or [1] * rank,
        dilations=ints_attr(node, "dilations") or [1] * rank,
        pads=ints_attr(node, "pads") or [0] * 2 * rank,
    )

"""Spelling of Pad. Afterwards: `pads` (begins of all axes, then ends; negative crops; None when computed at run time),
`mode` ("constant", "reflect", "edge", "wrap"), `value` (a float; None when computed at run time).
"""

from __future__ import annotations

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    constant_ints,
    float_attr,
    input_name,
    input_rank,
    ints_attr,
    positive_axis,
    spelling,
    with_attrs,
    word_attr,
)


@spelling("Pad")
def pad(node: Node, graph: Graph) -> Node:
    """pads: attribute `paddings` in opset 1, `pads` in 2, an input from 11; from 18 for the axes of another input alone."""
    mode = word_attr(node, "mode", "constant", ("constant", "reflect", "edge", "wrap"))
    if node.version < 11:
        pads = ints_attr(node, "pads" if node.version >= 2 else "paddings")
        return with_attrs(node, pads=pads, mode=mode, value=float_attr(node, "value", 0.0))
    return with_attrs(node, pads=_pads(node, graph), mode=mode, value=_value(node, graph))


def _pads(node: Node, graph: Graph) -> list[int] | None:
    pads, rank = constant_ints(node, graph, 1), input_rank(node, graph, 0)
    if pads is None or rank is None:
        return None
    axes: list[int] | None = list(range(rank))
    if input_name(node, 3):
        axes = constant_ints(node, graph, 3)
    if axes is None:
        return None
    if len(pads) != 2 * len(axes):
        raise ModelError(
            f"{node}: pads must have 2 values for each of {len(axes)} axes, but has {len(pads)}",
            "check the file with onnx.checker",
        )
    full = [0] * 2 * rank
    for i, axis in enumerate(axes):
        along = positive_axis(node, axis, rank)
        full[along], full[rank + along] = pads[i], pads[len(axes) + i]
    return full


def _value(node: Node, graph: Graph) -> float | None:
    name = input_name(node, 2)
    if not name:
        return 0.0
    value = graph.value(name)
    numeric = value is not None and value.size == 1 and value.dtype.kind in "fiub"
    return float(value.reshape(-1)[0]) if numeric and value is not None else None

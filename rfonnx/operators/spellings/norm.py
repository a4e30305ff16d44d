"""Normalisations and softmaxes. After it:

- Softmax, LogSoftmax, Hardmax: `axes`, the list of axes that one distribution spans (`axis .. rank-1` before opset 13).
- LayerNormalization, RMSNormalization: `axes`, likewise from `axis` on.
- LpNormalization, MeanVarianceNormalization: `axes`.
- BatchNormalization: `training_mode` (0 or 1), whichever way the opset says it.
- `axes` is None when the rank is unknown.
"""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    input_rank,
    int_attr,
    ints_attr,
    positive_axes,
    positive_axis,
    spelling,
    with_attrs,
)


@spelling("Softmax", "LogSoftmax", "Hardmax")
def softmax(node: Node, graph: Graph) -> Node:
    """Before opset 13 the tensor is flattened at `axis` (1 by default), so that one distribution spans all later axes."""
    rank = input_rank(node, graph, 0)
    if rank is None:
        return with_attrs(node, axes=None)
    if node.version >= 13:
        return with_attrs(node, axes=[positive_axis(node, int_attr(node, "axis", -1), rank)])
    axis = int_attr(node, "axis", 1)
    first = rank if axis == rank else positive_axis(node, axis, rank)  # axis 1 of a list: one distribution per value
    return with_attrs(node, axes=list(range(first, rank)))


@spelling("com.microsoft.QLinearSoftmax")
def quantized_softmax(node: Node, graph: Graph) -> Node:
    """Its attribute `opset` says which Softmax it was made of."""
    rank = input_rank(node, graph, 0)
    if rank is None:
        return with_attrs(node, axes=None)
    axis = positive_axis(node, int_attr(node, "axis", -1), rank)
    return with_attrs(node, axes=[axis] if int_attr(node, "opset", 13) >= 13 else list(range(axis, rank)))


@spelling("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
def layer_norm(node: Node, graph: Graph) -> Node:
    """Normalised over `axis` and all later axes."""
    rank = input_rank(node, graph, 0)
    if rank is None:
        return with_attrs(node, axes=None)
    return with_attrs(node, axes=list(range(positive_axis(node, int_attr(node, "axis", -1), rank), rank)))


@spelling("LpNormalization")
def lp_norm(node: Node, graph: Graph) -> Node:
    """Normalised along `axis` alone."""
    rank = input_rank(node, graph, 0)
    return with_attrs(node, axes=None if rank is None else [positive_axis(node, int_attr(node, "axis", -1), rank)])


@spelling("MeanVarianceNormalization")
def mean_variance_norm(node: Node, graph: Graph) -> Node:
    """Batch and space by default, each channel for itself."""
    rank = input_rank(node, graph, 0)
    axes = ints_attr(node, "axes")
    return with_attrs(
        node, axes=None if rank is None else positive_axes(node, [0, 2, 3] if axes is None else axes, rank)
    )


@spelling("BatchNormalization")
def batch_norm(node: Node, graph: Graph) -> Node:
    """Training is `training_mode` since opset 14; before, more outputs than one (7..9) or `is_test` of 0 (1..6) say it."""
    if node.version >= 14:
        training = int_attr(node, "training_mode", 0)
    elif node.version >= 7:
        training = int(any(node.outputs[1:]))
    else:
        training = int(not int_attr(node, "is_test", 0))
    return with_attrs(node, training_mode=int(bool(training)))

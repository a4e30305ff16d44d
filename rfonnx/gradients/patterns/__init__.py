"""Groups of forward nodes that have a cheaper gradient together than one by one.

Only the reverse walk sees the groups, as single nodes of the domain `rfonnx`: the forward nodes stay as they are. A group's inner
tensors must have no other reader, nor be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from rfonnx.gradients.patterns import activations, attention, images
from rfonnx.gradients.patterns.view import Pattern, View
from rfonnx.graph.nodes import Graph, Node

PATTERNS: dict[str, Pattern] = {
    "Conv": images.conv_of_concat,
    "MaxPool": images.max_pool_of_relu,
    "Relu": images.relu_of_affine,
    "Erf": activations.gelu,
    "Sigmoid": activations.swish,
    "HardSigmoid": activations.hard_swish,
    "Where": attention.masked_softmax,
}
"""By the kind of the node that a pattern starts from."""


def grouped(graph: Graph, kept: Iterable[str]) -> Graph:
    """The graph with groups of nodes joined.

    Args:
        graph: the forward graph.
        kept: tensors whose gradients are asked for.
    """
    view = View(graph, {*kept, *graph.outputs})
    gone: set[int] = set()
    joined: dict[int, Node] = {}
    for node in graph.nodes:
        pattern = PATTERNS.get(node.kind)
        group = pattern(view, node) if pattern else None
        if group is not None and not any(id(member) in gone for member in group[0]):
            gone.update(id(member) for member in group[0])
            joined[id(group[0][0])] = group[1]
    if not joined:
        return graph
    nodes = [joined.get(id(node), node) for node in graph.nodes if id(node) not in gone or id(node) in joined]
    return Graph(
        graph.name, graph.inputs, graph.outputs, nodes, graph.shapes, graph.dtypes, graph.constants, graph.evaluate,
        opsets=graph.opsets,
    )  # fmt: skip

"""Outputs that a squashing operator makes: their values lie between two ends."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph

ENDS = {"Sigmoid": (0.0, 1.0), "HardSigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}
"""Operators that squash, and where they end."""

HANDED_ON = frozenset({"Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"})
"""Operators that leave values as they are."""


def squashed(graph: Graph) -> dict[str, str]:
    """The squashing operator of each tensor whose values it made, by the tensor's name."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        kind = node.kind if node.kind in ENDS else found.get(node.inputs[0], "") if node.kind in HANDED_ON else ""
        if kind:
            found[node.outputs[0]] = kind
    return found

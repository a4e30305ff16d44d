"""Outputs that a squashing operator makes: their values lie between two ends."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph
from rfonnx.operators.table import operator, operators

ENDS = {row.kind: row.ends for row in operators() if row.ends}
"""Operators that squash, and where they end."""


def squashed(graph: Graph) -> dict[str, str]:
    """The squashing operator of each tensor whose values it made, by the tensor's name."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        handed_on = operator(node.kind).keeps or node.kind == "Cast"
        kind = node.kind if node.kind in ENDS else found.get(node.inputs[0], "") if handed_on else ""
        if kind:
            found[node.outputs[0]] = kind
    return found

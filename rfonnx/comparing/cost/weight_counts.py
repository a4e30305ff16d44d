"""How many weights a model has."""

from __future__ import annotations

from math import prod

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import every_node

NO_WEIGHT = frozenset({"int64", "bool", "string"})
"""Types of constants that are shapes, indices and switches rather than weights."""

COMPUTED = frozenset({"float32", "float64", "float16", "bfloat16"})
"""Types of weights that are computed with as they are: in others zeros may be what rounding left of small ones."""

HANDED_ON = frozenset({
    "Transpose", "Identity", "Reshape", "Cast", "Squeeze", "Unsqueeze", "Flatten", "DequantizeLinear",
    "com.microsoft.DequantizeLinear",
})  # fmt: skip
"""Operators on a constant that leave its elements as they are, or decode them."""

PACKED = {
    "com.microsoft.MatMulNBits": {1: ("bits", 4)},
    "com.microsoft.GatherBlockQuantized": {0: ("bits", 4)},
    "com.microsoft.MatMulBnb4": {1: ("", 4)},
    "com.microsoft.MatMulFpQ4": {1: ("", 4)},
    "com.microsoft.QMoE": {
        2: ("fc1_expert_weight_bits", 4), 5: ("fc2_expert_weight_bits", 4), 8: ("fc3_expert_weight_bits", 4),
    },
}  # fmt: skip
"""Inputs whose bytes hold several weights each: the attribute that says how many bits one has, and its default."""


def parameters(graph: Graph) -> int:
    """Elements of all constants that operators on the input read, each once, in the bodies of loops and branches too; shapes and
    indices left out.

    A weight that is stored transposed, cast or quantised counts as what it is stored as; one that is packed, several to a byte,
    counts as the weights that it holds.
    """
    return sum(_elements(graph, name) * held for name, held in _roots(graph).items())


def zeros(graph: Graph) -> int:
    """How many of the `parameters` are zero; of constants whose values cannot be had, and of packed ones, none."""
    found = 0
    for name, held in _roots(graph).items():
        value = graph.value(name) if held == 1 and graph.dtypes.get(name) in COMPUTED else None
        found += 0 if value is None else value.size - int(np.count_nonzero(value))
    return found


def _elements(graph: Graph, name: str) -> int:
    return prod(length or 0 for length in graph.shapes.get(name) or (0,))


def _roots(graph: Graph) -> dict[str, int]:
    """The constants that hold the weights, and how many each of their elements holds."""
    origin = {
        output: node.inputs[0]
        for node in every_node(graph)
        if node.kind in HANDED_ON and node.inputs and node.inputs[0] in graph.constants
        for output in node.outputs
    }
    roots: dict[str, int] = {}
    for node in every_node(graph):
        if not all(output in graph.constants or not output for output in node.outputs):
            for index, name in enumerate(node.inputs):
                while name in origin:
                    name = origin[name]
                if name in graph.constants and graph.dtypes.get(name, "") not in NO_WEIGHT:
                    packed = graph.dtypes.get(name) in ("uint8", "int8")
                    roots[name] = max(roots.get(name, 1), _held(node, index) if packed else 1)
    return roots


def _held(node: Node, index: int) -> int:
    """Weights that an element of an input holds."""
    attribute, default = PACKED.get(node.kind, {}).get(index, ("", 8))
    bits = node.attrs.get(attribute) or node.attrs.get("expert_weight_bits") or default
    return max(1, 8 // int(bits))

"""How many weights a model has."""

from __future__ import annotations

from math import prod

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import every_node
from rfonnx.operators.table import operator

NO_WEIGHT = frozenset({"int64", "bool", "string"})
"""Types of constants that are shapes, indices and switches rather than weights."""

COMPUTED = frozenset({"float32", "float64", "float16", "bfloat16"})
"""Types of weights that are computed with as they are: in others zeros may be what rounding left of small ones."""


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
        if _same_weights(node) and node.inputs and node.inputs[0] in graph.constants
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


def _same_weights(node: Node) -> bool:
    """Whether a node on a constant leaves its elements as they are, casts or decodes them."""
    return bool(operator(node.kind).keeps) or node.op_type in ("Cast", "DequantizeLinear")


def _held(node: Node, index: int) -> int:
    """Weights that an element of an input holds."""
    attribute, default = operator(node.kind).packed.get(index, ("", 8))
    bits = node.attrs.get(attribute) or node.attrs.get("expert_weight_bits") or default
    return max(1, 8 // int(bits))

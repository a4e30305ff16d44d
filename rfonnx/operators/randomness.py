"""Which nodes draw at random when a model runs: random operators, and dropouts left in training mode."""

from __future__ import annotations

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import operator


def draws(node: Node, graph: Graph) -> str:
    """How a node draws at random, or ""."""
    if operator(node.kind).draws:
        return "" if _certain(node, graph) else "draws at random in every run"
    training = operator(node.kind).training
    if training and _drops(node, graph, training):
        return "is in training mode: it drops values at random"
    return ""


def _certain(node: Node, graph: Graph) -> bool:
    """A coin whose two sides have the chances 0 and 1. (Normal and uniform draws must have a width.)"""
    chance = graph.value(node.inputs[0]) if node.op_type == "Bernoulli" else None
    return chance is not None and bool(np.isin(chance, (0, 1)).all())


def _drops(node: Node, graph: Graph, training: tuple[int, int]) -> bool:
    """Since opset 12 an input says that it is training; before 7 it was so unless `is_test` was set, with `ratio` an attribute.
    A mode that is computed is left to the runs."""
    if not node.domain and node.version < 12:
        return node.version < 7 and not node.attrs.get("is_test", 0) and node.attrs.get("ratio", 0.5) != 0
    ratio, mode = (graph.value(input_name(node, i)) for i in training)
    stated = bool(input_name(node, training[0]))
    return mode is not None and bool(np.any(mode)) and not (stated and ratio is not None and not np.any(ratio))

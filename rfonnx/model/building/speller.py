"""Nodes in the one spelling that rules see. Those that differ in names alone are spelt once, and share their attributes."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spelling import canonicalize
from rfonnx.operators.table import operator


class Speller:
    """Spells the nodes of a graph, which has all of its shapes and constants."""

    def __init__(self, graph: Graph) -> None:
        self._evaluate, self._constants = graph.evaluate, graph.constants
        self._graph = copy(graph)
        self._graph.evaluate = self._value
        self._looked = False
        self._spelt: dict[object, dict[str, Any]] = {}

    def canonical(self, node: Node) -> Node:
        """The node in its one spelling."""
        if operator(node.kind).spelling is None:
            return node
        alike, spelt = node.alike, self._spelt
        attrs = spelt.get(alike) if alike else None
        if attrs is None:
            # Where the spelling looks at values, as of a Reshape's shape, nodes are alike that read the same constants.
            same = (alike, *[name for name in node.inputs if name in self._constants])
            attrs = spelt.get(same) if alike else None
            if attrs is None:
                self._looked = False
                attrs = canonicalize(node, self._graph).attrs
                if alike:
                    spelt[same if self._looked else alike] = attrs
        if attrs is node.attrs:
            return node
        return Node(node.op_type, node.domain, node.name, node.inputs, node.outputs, attrs, node.version, alike)

    def _value(self, name: str) -> np.ndarray | None:
        self._looked = True
        return self._evaluate(name)

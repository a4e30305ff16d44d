"""Nodes in the one spelling that rules see. Those that differ in names alone are spelt once, and share their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from onnx import TypeProto

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spelling import canonicalize
from rfonnx.operators.table import operator


class Speller:
    """Spells the nodes of a graph.

    Args:
        graph: with all of its shapes and constants.
        types: of its tensors; equal ones are one object.
    """

    def __init__(self, graph: Graph, types: Mapping[str, TypeProto]) -> None:
        self._evaluate, self._constants, self._types = graph.evaluate, graph.constants, types
        self._graph = copy(graph)
        self._graph.evaluate = self._value
        self._looked = False
        self._spelt: dict[tuple[object, ...], dict[str, Any]] = {}

    def canonical(self, node: Node) -> Node:
        """The node in its one spelling."""
        if operator(node.kind).spelling is None:
            return node
        types, constants, spelt = self._types, self._constants, self._spelt
        alike = (
            id(node.attrs),
            *[id(types[name]) if name in types else 0 for name in (*node.inputs, "", *node.outputs)],
            *[name in constants for name in node.inputs],
        )
        attrs = spelt.get(alike)
        if attrs is None:
            # Where the spelling looks at values, as of a Reshape's shape, nodes are alike that read the same constants.
            same = (*alike, *[name for name in node.inputs if name in constants])
            attrs = spelt.get(same)
            if attrs is None:
                self._looked = False
                attrs = canonicalize(node, self._graph).attrs
                spelt[same if self._looked else alike] = attrs
        return Node(node.op_type, node.domain, node.name, node.inputs, node.outputs, attrs, node.version)

    def _value(self, name: str) -> np.ndarray | None:
        self._looked = True
        return self._evaluate(name)

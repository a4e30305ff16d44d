"""A graph's nodes by what they make and read, as patterns look at them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

from rfonnx.gradients.reverse import reads
from rfonnx.graph.nodes import Graph, Node

DOMAIN = "rfonnx"
"""Of the nodes that stand for groups."""


class View:
    """A graph's nodes by what they make and read."""

    def __init__(self, graph: Graph, kept: Collection[str]) -> None:
        self.graph = graph
        self.makers = {o: n for n in graph.nodes for o in n.outputs if o}
        self._readers: dict[str, list[Node]] = {}
        self._kept = kept
        for node in graph.nodes:
            for name in dict.fromkeys(reads(node)):
                self._readers.setdefault(name, []).append(node)

    def maker(self, name: str, *kinds: str) -> Node | None:
        """The node of one of these kinds that makes a tensor nobody else reads, or None."""
        node = self.makers.get(name)
        private = len(self._readers.get(name, ())) == 1 and name not in self._kept
        return node if node is not None and node.kind in kinds and private else None

    def readers(self, name: str) -> list[Node]:
        """Nodes that read a tensor."""
        return self._readers.get(name, []) if name not in self._kept else []

    def scalar(self, name: str) -> float | None:
        """Value of a constant of one element, or None."""
        if name not in self.graph.constants:
            return None
        shape = self.graph.shapes.get(name)
        if shape is None or math.prod(n or 0 for n in shape) != 1:
            return None
        value = self.graph.value(name)
        return None if value is None else float(value.reshape(-1)[0])


Group = tuple[list[Node], Node]
"""The nodes of a group, the last one first, and the node that stands for them."""

Pattern = Callable[[View, Node], Group | None]


def stand_in(op_type: str, inputs: tuple[str, ...], last: Node, **attrs: object) -> Node:
    """The node that takes the place of a group which ends with `last`."""
    return Node(op_type, DOMAIN, last.name, inputs, last.outputs, {**last.attrs, **attrs}, last.version)

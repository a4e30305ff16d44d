"""Nodes that differ in names alone read alike: the rule is asked of the first of them, and what it says holds for all."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.op import Known
from rfonnx.operators.access.primitives import Step
from rfonnx.operators.table import operator
from rfonnx.system.named import NamedTuple

Key = tuple[object, ...]
"""All that the rule of a node looks at."""

IndexedPath = tuple[int, tuple[Step, ...]]
"""What is read, by its index in the program or by the number of the input of a node, and the steps."""

Paths = tuple[IndexedPath, ...]


class Reads(NamedTuple):
    """What an output reads, exactly and with no note. shape: of the output; paths: by number of the node's input."""

    shape: tuple[int, ...]
    paths: Paths


class Repeated:
    """What the outputs of nodes read. Rules that look at more than shapes, or values that may be certain, are asked each time."""

    def __init__(self, graph: Graph, known: Known) -> None:
        self._constants, self._known = graph.constants, known
        self._kept: dict[Key, list[Reads]] = {}

    def key(self, node: Node) -> Key | None:
        """What to look a node up by; None: it is to be asked for itself."""
        row, known = operator(node.kind), self._known
        if not node.alike or not row.by_shapes or known.weights == "values" or known.twins:
            return None
        if row.may_fix and not known.uncertain.issuperset(node.outputs):
            return None
        inputs, constants = node.inputs, self._constants
        return (
            node.alike,
            id(node.attrs),
            *[-1 if name in constants else inputs.index(name) for name in inputs],
        )

    def reads(self, key: Key | None) -> list[Reads] | None:
        """By output that is made, what it reads; None: no node like it was asked."""
        return None if key is None else self._kept.get(key)

    def keep(self, key: Key, sources: Sequence[int], made: Sequence[tuple[tuple[int, ...], Paths]]) -> None:
        """Keep what a node's outputs read.

        Args:
            key: as `key` gives it.
            sources: indices of the node's inputs in the program; -1: a constant.
            made: by output that is made, its shape, and its paths by index in the program.
        """
        self._kept[key] = [
            Reads(shape, tuple([(sources.index(source), steps) for source, steps in paths])) for shape, paths in made
        ]

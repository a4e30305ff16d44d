"""Nodes that differ in names alone read alike: the rule is asked of the first of them, and what it says holds for all."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.op import Known
from rfonnx.operators.access.primitives import Step
from rfonnx.operators.table import operator

Key = tuple[object, ...]
"""All that the rule of a node looks at."""

IndexedPath = tuple[int, tuple[Step, ...]]
"""What is read, by its index in the program or by the number of the input of a node, and the steps."""

Paths = tuple[IndexedPath, ...]


class Repeated:
    """What the outputs of nodes read. Rules that look at more than shapes, or values that may be certain, are asked each time."""

    def __init__(self, graph: Graph, known: Known) -> None:
        self._shapes, self._constants, self._known = graph.shapes, graph.constants, known
        self._kept: dict[Key, list[Paths]] = {}

    def key(self, node: Node) -> Key | None:
        """What to look a node up by; None: it is to be asked for itself."""
        row, known = operator(node.kind), self._known
        if not node.alike or not row.by_shapes or known.weights == "values" or known.twins:
            return None
        if row.may_fix and not known.uncertain.issuperset(node.outputs):
            return None
        inputs, constants = node.inputs, self._constants
        if len(inputs) == 1:
            return node.alike, id(node.attrs), inputs[0] in constants
        return node.alike, id(node.attrs), *[-1 if name in constants else inputs.index(name) for name in inputs]

    def _of_one_shape(self, node: Node) -> bool:
        """Whether a node makes each position of one tensor of the same one of what it reads, in whatever shape all of that is."""
        if not operator(node.kind).pointwise:
            return False
        shapes, constants = self._shapes, self._constants
        shape = shapes.get(node.outputs[0]) if len(node.outputs) == 1 else None
        return is_static(shape) and all(name in constants or shapes.get(name) == shape for name in node.inputs)

    def reads(self, node: Node, key: Key) -> list[Paths] | None:
        """By output that is made, the paths by which it reads, exactly and with no note, by number of the node's input; None: no
        node like it was asked."""
        found = self._kept.get(key)
        if found is None and self._of_one_shape(node):
            found = self._kept.get((node.kind, *key[1:]))
            if found is not None:
                self._kept[key] = found
        return found

    def keep(self, node: Node, key: Key, sources: Sequence[int], made: Sequence[Paths]) -> None:
        """Keep what a node's outputs read.

        Args:
            node: it.
            key: as `key` gives it.
            sources: indices of the node's inputs in the program; -1: a constant.
            made: by output that is made, its paths by index in the program.
        """
        kept = [tuple([(sources.index(source), steps) for source, steps in paths]) for paths in made]
        self._kept[key] = kept
        if self._of_one_shape(node):
            self._kept[node.kind, *key[1:]] = kept

"""Nodes that differ in names alone: what is found out about the first of them holds for all."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import TypeProto

from rfonnx.graph.file_nodes import FileNode
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import Tensors
from rfonnx.model.building.scope import Scope
from rfonnx.model.reading.convert import Wording, to_node, wording
from rfonnx.operators.table import operator

Key = tuple[object, ...]


class Alike:
    """Nodes of one wording, of inputs of the same types, of which the same ones are constants.

    Attributes:
        number: theirs, from 1.
        node: what they have in common, with no names.
        may_be_constant: whether they read constants alone, or a shape.
        made: types of their outputs, by output index; None: not asked yet, or values that they read may change them.
        recorded: whether sizes of these were checked.
        fits: whether `infer.check_fit` has let one of them pass.
    """

    __slots__ = ("fits", "given", "made", "may_be_constant", "node", "number", "recorded")

    def __init__(self, number: int, node: Node, given: list[TypeProto], constant: bool) -> None:
        """`given`: types of the inputs, which are told by identity: as long as they are kept, no other type has it."""
        self.number, self.node, self.given = number, node, given
        self.may_be_constant = constant or operator(node.kind).shape_only
        self.made: dict[int, TypeProto] | None = None
        self.recorded = self.fits = False


class AlikeNodes:
    """All nodes of a model met so far, by what they have in common.

    Args:
        tensors: of the model.
        constants: names of its constants.
    """

    def __init__(self, tensors: Tensors, constants: set[str]) -> None:
        self._types, self._constants = tensors.types, constants
        self._worded: dict[Wording, Node] = {}
        self._found: dict[Key, Alike] = {}
        self._numbers: dict[Key, tuple[int, list[TypeProto]]] = {}
        self._count = 0

    def of(self, file: FileNode, scope: Scope, inputs: Sequence[str], outputs: Sequence[str]) -> Alike | None:
        """Those that a node is one of; None of a node that holds graphs.

        Args:
            file: the node, which stands in the scope.
            scope: see `Scope`.
            inputs, outputs: graph-wide names.
        """
        words = wording(file, scope)
        if words is None:
            return None
        types, constants = self._types, self._constants
        key = (
            words,
            len(inputs),
            *[(-id(types[name]) if name in constants else id(types[name])) if name else 0 for name in inputs],
            *map(bool, outputs),
        )
        found = self._found.get(key)
        if found is None:
            node = self._worded.get(words)
            if node is None:
                node = self._worded[words] = to_node(file, scope, (), ())
            given = [types[name] for name in inputs if name]
            self._count += 1
            found = Alike(self._count, node, given, constants.issuperset(filter(None, inputs)))
            self._found[key] = found
        return found

    def number(self, alike: Alike, outputs: Sequence[str]) -> int:
        """A number for those of them that make other types than what was inferred of all, or of which nothing was."""
        made = [self._types[name] for name in outputs if name]
        key = (alike.number, *map(id, made))
        if key not in self._numbers:
            self._count += 1
            self._numbers[key] = self._count, made
        return self._numbers[key][0]

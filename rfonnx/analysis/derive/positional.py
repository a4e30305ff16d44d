"""Constants that meet what moves and do not move with it: position embeddings, rotary tables, learned backgrounds."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.analysis.derive.moves import Axis, Factor, Moves
from rfonnx.analysis.lower import Tensor
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.temporaries import named_by
from rfonnx.results.fields import PositionalConstant


class Positional:
    """The positional constants of a graph, numbered in the order in which they are met."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._makers: dict[str, Node] | None = None
        self._found: dict[tuple[str, str], int] = {}
        self._details: list[tuple[Tensor, set[int]]] = []
        self.looked_at = 0
        """How many constants had to be looked at for what they hold: what follows from it holds for no other node."""

    def met(self, node: Node, tensor: Tensor, moves: Moves) -> Moves:
        """The moves of an elementwise operator's result, with the numbers of its positional constants."""
        for name in node.inputs:
            if name in self._graph.constants:
                axes, uneven = self._axes(node, name, moves)
                if axes:
                    moves = moves._replace(constants=moves.constants | {self._number(name, tensor, axes)})
                moves = moves._replace(uneven=moves.uneven or uneven)
        return moves

    def beside(self, node: Node, tensor: Tensor, moves: Moves) -> Moves:
        """The same for a concatenation, whose constants lie beside what moves, not on it."""
        axis = node.attrs.get("axis", 1) % len(moves.axes)
        for name in node.inputs:
            shape = self._graph.shapes.get(name) or ()
            if name in self._graph.constants and len(shape) == len(moves.axes):
                own = moves.with_axis(axis, (Factor(shape[axis] or 0, 0),))
                axes, _ = self._axes(node, name, own)
                if axes:
                    moves = moves._replace(constants=moves.constants | {self._number(name, tensor, axes)})
        return moves

    def named(self, numbers: frozenset[int]) -> tuple[PositionalConstant, ...]:
        """The constants with these numbers, in topological order."""
        names = [name for name, _ in self._found]
        made = []
        for number in sorted(numbers, key=lambda n: (self._details[n][0].node_index, n)):
            tensor, axes = self._details[number]
            made.append(PositionalConstant(names[number], named_by(tensor.name), tensor.kind, tuple(sorted(axes))))
        return tuple(made)

    def _number(self, name: str, tensor: Tensor, axes: tuple[int, ...]) -> int:
        key = (self._origin(name), named_by(tensor.name))
        if key not in self._found:
            self._found[key] = len(self._details)
            self._details.append((tensor, set()))
        self._details[self._found[key]][1].update(axes)
        return self._found[key]

    def _axes(self, node: Node, name: str, moves: Moves) -> tuple[tuple[int, ...], bool]:
        """Axes of the result along which it moves and the constant differs, and whether the result is uneven with it.

        There are none when the constant is the same after the move. It is uneven when that holds for the axes together, but
        not for each by itself: a bias by relative position.
        """
        shape = self._graph.shapes.get(name)
        if shape is None or None in shape:
            return (), False
        lengths = [n or 0 for n in shape]
        if node.attrs.get("axis") is not None and node.version < 7:  # the constant's axes begin at `axis`
            lengths += [1] * (len(moves.axes) - node.attrs["axis"] - len(lengths))
        lengths = [1] * (len(moves.axes) - len(lengths)) + lengths
        axes = tuple(i for i, n in enumerate(lengths) if n > 1 and i < len(moves.axes) and moves.flat(i))
        self.looked_at += bool(axes)
        if not axes or len(lengths) != len(moves.axes):
            return axes, False
        value = self._graph.value(name)
        if value is None:  # its data is absent: nothing says that it is the same everywhere
            return axes, False
        value = value.reshape(lengths)
        if not follows(value, moves.axes):
            return tuple(i for i in axes if _varies(value, i)), False
        return (), len(axes) > 1 and not all(follows(value, _alone(moves.axes, i)) for i in axes)

    def _origin(self, name: str) -> str:
        """The tensor that a computed constant mainly comes from: a table of positions, of which a part is taken.

        What is smaller than what is made of it (a scalar that a range begins with, a shape that is filled) is no table of it.
        """
        if self._makers is None:
            constants = self._graph.constants
            self._makers = {o: node for node in self._graph.nodes for o in node.outputs if o in constants}
        while name in self._makers:
            sources = [i for i in self._makers[name].inputs if i in self._graph.constants]
            largest = max(sources, key=self._size, default=name)
            if largest == name or self._size(largest) < self._size(name):
                break
            name = largest
        return name

    def _size(self, name: str) -> int:
        return math.prod(n or 0 for n in self._graph.shapes.get(name) or ())


def _alone(axes: tuple[Axis, ...], moving: int) -> tuple[Axis, ...]:
    """The axes, when nothing moves but along one."""
    return tuple(
        axis if i == moving else tuple(factor._replace(move=0) for factor in axis) for i, axis in enumerate(axes)
    )


def follows(value: np.ndarray, axes: tuple[Axis, ...]) -> bool:
    """True when the constant, moved like the tensor, is what it was: a bias by relative position, a checkerboard moved by two."""
    lengths: list[int] = []
    moves: list[int] = []
    for n, axis in zip(value.shape, axes, strict=True):
        factors = [(1, 0)] if n == 1 else [(factor.length, factor.move or 0) for factor in axis]
        lengths += [length for length, _ in factors]
        moves += [move for _, move in factors]
    value = value.reshape(lengths)
    for i, (length, move) in enumerate(zip(lengths, moves, strict=True)):
        if abs(move) >= length > 1 and _varies(value, i):
            return False
    moves = [0 if abs(move) >= length else move for move, length in zip(moves, lengths, strict=True)]
    before = tuple(slice(max(-move, 0), length - max(move, 0)) for move, length in zip(moves, lengths, strict=True))
    after = tuple(slice(max(move, 0), length + min(move, 0)) for move, length in zip(moves, lengths, strict=True))
    return bool(np.array_equal(value[before], value[after]))


def _varies(value: np.ndarray, axis: int) -> bool:
    return bool((value != value.take([0], axis)).any())

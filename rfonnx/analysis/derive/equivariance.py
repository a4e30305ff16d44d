"""By which shifts of an input does an output follow, and which constants keep it from doing so?

Every tensor gets its `Moves` from those that it reads. That is proven by two things: the access steps are regular (`shifts`),
and the operator does the same at every position, which is known of those in `operators` and of no other.
Statistics and attention over a whole axis do not care for order: they are unchanged while what moves stays inside the image,
before a uniform background. Matrix products that weigh positions by constants do care.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from rfonnx.analysis.derive.exchange import Exchange
from rfonnx.analysis.derive.moves import ALIKE, Factor, Moved, Moves, at_rest, flat, joined, of_input
from rfonnx.analysis.derive.parts import Where, WhereRoom
from rfonnx.analysis.derive.positional import Positional
from rfonnx.analysis.derive.repeats import repeats
from rfonnx.analysis.derive.shifts import walk
from rfonnx.analysis.lower import Program, Tensor
from rfonnx.errors import MISFIT, rules_fail_aloud
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.temporaries import is_temporary, named_by
from rfonnx.operators.elementwise import UNARY
from rfonnx.operators.movement import TOGETHER, channel_axis, treats
from rfonnx.operators.table import operator
from rfonnx.system.named import NamedTuple

_UNARY = frozenset(UNARY)


class _Answer(NamedTuple):
    """How tensors that are made alike move, when what they read does; and how their parts follow from those of what they read."""

    moves: Moves
    parts: list[Where | WhereRoom]


class Shifts:
    """Moves of every tensor when one axis of one input is shifted, and the positional constants met on the way."""

    def __init__(self, graph: Graph, program: Program) -> None:
        self._graph = graph
        self._tensors = program.tensors
        self._shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
        names = [name for name, _ in program.inputs] + [tensor.name for tensor in program.tensors]
        self._index = {name: i for i, name in enumerate(names)}
        self._inputs = len(program.inputs)
        self.repeats = repeats(graph, program)
        self._known: dict[Moves, Moves] = {}
        self._answers: dict[tuple[Any, ...], _Answer] = {}
        self.positional = Positional(graph)
        self.broken_at: dict[str, Tensor] = {}
        """By reason why tensors do not follow: the first tensor that does not."""

    def of(self, input: str, axis: int) -> dict[str, Moved | None]:
        """Moves of each output; None when it does not depend on the input."""
        return self.together({(input, axis): 1})

    def together(self, rates: Mapping[tuple[str, int], int]) -> dict[str, Moved | None]:
        """The same when several inputs move together: by so many positions, by (input, axis). The period counts moves."""
        found: list[Moved | None] = [None] * self._inputs
        for (input, axis), rate in rates.items():
            own = of_input(self._shapes[self._index[input]], axis, rate)
            found[self._index[input]] = own._replace(moves=self._kept(own.moves))
        for tensor, first in zip(self._tensors, self.repeats, strict=True):
            made = self._of_tensor(tensor, first, found)
            found.append(made)
            if made is not None and made.moves.broken:
                self.broken_at.setdefault(made.moves.broken, tensor)
        return {name: found[self._index[name]] for name in self._graph.outputs if name in self._index}

    def exchanged(self, moved: Mapping[str, Moved | None], exchange: Exchange) -> dict[str, Moved | None]:
        """Moves of each output along an axis, by those along one that may change places with it, in operators as well."""
        found = dict(moved)
        for name, one in moved.items():
            if one is not None and exchange.has[self._index[name]]:
                found[name] = one.exchanged(*exchange.axes)
        return found

    def _of_tensor(self, tensor: Tensor, first: int, found: list[Moved | None]) -> Moved | None:
        """How a tensor moves; `first`: as in `repeats`."""
        paths = tensor.paths
        if len(paths) == 1 and not paths[0][1] and tensor.kind in _UNARY:
            return found[paths[0][0]]  # most tensors of most models
        sources = [source for source, _ in paths]
        moved = [found[source] for source in sources]
        if not any(moved):
            return None
        alone = None in moved  # what is said of it may name what does not move
        index = self._index
        operands = [index[name] for name in self._graph.nodes[tensor.node_index].inputs if name in index]
        read = sources if sources == operands else list(dict.fromkeys([*sources, *operands]))
        given = moved if read is sources else [found[source] for source in read]
        # Equal moves are one object.
        places = map(read.index, [*sources, *operands]) if read is not sources else ()
        key = (first, *[one and id(one.moves) for one in given], *places)
        answer = None if alone else self._answers.get(key)
        if answer is None:
            looked_at = self.positional.looked_at
            answer = self._answer(tensor, read, found)
            if not alone and looked_at == self.positional.looked_at:
                self._answers[key] = answer
        parts = [part for one in given if one is not None for part in one.parts]
        return Moved(answer.moves, tuple([part(parts) for part in answer.parts]))

    def _answer(self, tensor: Tensor, read: list[int], found: list[Moved | None]) -> _Answer:
        """How a tensor moves that is the first of its kind, and reads these."""
        moves: dict[int, Moves] = {}
        count = 0
        for source in read:
            if (one := found[source]) is not None:
                moves[source] = one.moves.numbered(count)[0] if count else one.moves
                count += len(one.parts)
        result, reduced = self._read(tensor, moves)
        moved = any(moving(moves[source]) for source, _ in tensor.paths if source in moves)
        try:
            result = self._treated(tensor, result, moves, reduced, moved)
        except MISFIT:
            if rules_fail_aloud():
                raise
            result = result.broken_by(f"{tensor.kind} does not have the inputs that it should have")
        numbered, parts = result.numbered()
        return _Answer(self._kept(numbered), parts)

    def _kept(self, moves: Moves) -> Moves:
        """The first of equal ones: answers are kept by its identity."""
        return self._known.setdefault(moves, moves)

    def _treated(self, tensor: Tensor, result: Moves, found: Mapping[int, Moves], reduced: bool, moved: bool) -> Moves:
        """The moves, after what the operator does beside reading.

        Args:
            tensor, result: what it makes, and its moves by the access steps alone.
            found: moves of what its operator reads, by source; without those that do not depend on what moves.
            reduced: whether an axis was taken together along which the content moved.
            moved: whether anything that it reads moves.
        """
        node, kind = self._graph.nodes[tensor.node_index], tensor.kind
        # Of what is inside operators, masked scores are like what is outside.
        plain = (
            node.kind == kind
            and operator(kind).manner
            and (not is_temporary(tensor.name) or treats(kind, "elementwise"))
        )
        if plain and treats(kind, "norm") and tensor.name == node.outputs[0]:
            result = self._operand(node.inputs[0], found).broken_by(result.broken).within(result.room)
        result = self._settled(node, tensor, result)
        if not moved:  # whatever an operator does to what stays as it is, that stays as it is
            return result
        if node.kind != kind or not operator(kind).manner:
            return result.broken_by(f"{kind} is not known to treat all positions alike")
        if reduced and (not tensor.exact or not treats(kind, *TOGETHER)):
            return result.broken_by(f"{kind} weighs positions differently")
        if treats(kind, "attention") and not self._attends_alike(node, found):
            return result.broken_by(f"{kind} may weigh positions differently")
        return self._judged(node, tensor, result, found) if plain else result

    def _read(self, tensor: Tensor, found: Mapping[int, Moves]) -> tuple[Moves, bool]:
        """The moves by the access steps alone, and whether an axis was taken together along which the content moved."""
        dependent, others, reduced = [], [], False
        for source, steps in tensor.paths:
            if source in found:
                walked = walk(found[source], steps)
                dependent.append(walked.moves)
                reduced = reduced or walked.reduced
            else:
                others.append((source, walk(at_rest(self._shapes[source]), steps).moves))
        result = joined(dependent, tensor.shape)
        for source, moves in others:
            with_it = joined([result, moves], tensor.shape)
            if with_it.broken and not result.broken:
                name = self._name(source)
                with_it = with_it._replace(broken=f"it meets '{name}', which does not move with it")
            result = with_it
        return result, reduced

    def _settled(self, node: Node, tensor: Tensor, result: Moves) -> Moves:
        """The moves, where axes along which constants make a difference may differ."""
        alike = [i for i, n in enumerate(tensor.shape) if n > 1 and flat(result.axes[i]) is ALIKE]
        if not alike:
            return result
        kind = tensor.kind
        if treats(kind, "by channel"):
            channel = channel_axis(node, len(tensor.shape))
            differ = [axis for axis in alike if axis == channel]
        elif treats(kind, "elementwise", "norm"):
            lengths = [self._graph.shapes.get(name) or () for name in node.inputs if name in self._graph.constants]
            rank = len(tensor.shape)
            differ = [axis for axis in alike if any(rank - axis <= len(s) and s[axis - rank] != 1 for s in lengths)]
        elif treats(kind, "order free") or (
            treats(kind, "regular")
            and tensor.exact
            and not (kind == "Gather" and node.inputs[0] in self._graph.constants)
        ):
            differ = []
        else:
            differ = alike
        for axis in differ:
            result = result.with_axis(axis, (Factor(tensor.shape[axis], 0),))
        return result

    def _judged(self, node: Node, tensor: Tensor, result: Moves, found: Mapping[int, Moves]) -> Moves:
        """The moves, broken when an operator that is known does not treat the positions that move alike."""
        kind = tensor.kind
        if treats(kind, "elementwise") or (treats(kind, "norm") and not treats(kind, "by channel")):
            return self.positional.met(node, tensor, result)
        if treats(kind, "joined"):
            return self.positional.beside(node, tensor, result)
        if kind == "MaxPool" and tensor.name != node.outputs[0]:
            return result.broken_by("MaxPool tells positions as numbers")
        if treats(kind, "product"):
            operands = [self._operand(name, found) for name in node.inputs]
            if not same_contraction(node, operands) or not self._same_weights(node, result):
                return result.broken_by(f"{kind} weighs positions differently")
        elif treats(kind, "by row"):
            if not all(self._is_matrix(name, 3 if treats(kind, "packed") else 2) for name in node.inputs[1:]):
                return result.broken_by(f"{kind} may weigh positions differently")
        elif treats(kind, "by channel", "scaled"):
            operand = self._operand(node.inputs[0], found)
            axis = channel_axis(node, len(operand.axes))
            if treats(kind, "scaled"):
                axis = node.attrs.get("axis", 1) if self._many(node.inputs[1]) else -1
            if 0 <= axis < len(operand.axes) and operand.flat(axis):
                return result.broken_by(f"{kind} has weights by position of an axis that moves")
        return result

    def _same_weights(self, node: Node, result: Moves) -> bool:
        """True when a product's constant operands are the same along every axis of the result that moves."""
        if node.kind == "Einsum":  # its labels tell already
            return True
        rank = len(result.axes)
        for index, name in enumerate(node.inputs):
            shape = self._graph.shapes.get(name) or ()
            if name not in self._graph.constants or (index < 2 and "Gemm" in node.kind):
                continue
            axes = range(rank - len(shape), rank - 2 if index < 2 else rank)
            if any(axis >= 0 and shape[axis - rank] != 1 and result.flat(axis) for axis in axes):
                return False
        return True

    def _is_matrix(self, name: str, axes: int = 2) -> bool:
        """True for a constant of so many axes or fewer, and an operand that is left out."""
        shape = self._graph.shapes.get(name)
        return not name or (name in self._graph.constants and shape is not None and len(shape) <= axes)

    def _attends_alike(self, node: Node, found: Mapping[int, Moves]) -> bool:
        """True when an attention has queries, keys and values alone, and keys move with their values."""
        names = [*node.inputs[:3], "", ""]
        features = [
            self._operand(name, found) for name in node.inputs[:3] if name and name not in self._graph.constants
        ]
        if any(node.inputs[3:]) or any(operand.flat(len(operand.axes) - 1) for operand in features if operand.axes):
            return False
        if node.kind == "com.microsoft.Attention":
            return self._is_matrix(names[1]) and self._is_matrix(names[2])
        keys, values = (self._operand(name, found) for name in (names[1] or names[0], names[2] or names[0]))
        if len(keys.axes) != len(values.axes) or len(keys.axes) not in (3, 4):
            return False
        along = len(keys.axes) - 2
        return _agree([(keys, along), (values, along)])

    def _operand(self, name: str, found: Mapping[int, Moves]) -> Moves:
        moves = found.get(self._index[name]) if name in self._index else None
        shape = self._graph.shapes.get(name) or ()
        return at_rest(tuple(n or 1 for n in shape)) if moves is None else moves

    def _many(self, name: str) -> bool:
        """True when the tensor has more than one element."""
        return math.prod(n or 0 for n in self._graph.shapes.get(name) or ()) > 1

    def _name(self, source: int) -> str:
        name = self._graph.inputs[source] if source < self._inputs else self._tensors[source - self._inputs].name
        return named_by(name)


def moving(moves: Moves) -> bool:
    """True when the content moves along some axis."""
    return any(factor.move for axis in moves.axes for factor in axis)


def same_contraction(node: Node, operands: list[Moves]) -> bool:
    """True when what a product sums over moves alike in its operands, or does not move."""
    if node.kind == "Einsum":
        return _same_labels(node, operands)
    if node.attrs.get("transBatchA", 0) or node.attrs.get("transBatchB", 0):
        return False
    a, b = operands[:2]
    along_a = max(len(a.axes) - (2 if node.attrs.get("transA", 0) else 1), 0)
    along_b = max(len(b.axes) - (1 if node.attrs.get("transB", 0) else 2), 0)
    return _agree([(a, along_a), (b, along_b)])


def _same_labels(node: Node, operands: list[Moves]) -> bool:
    from rfonnx.operators.einsum import einsum_labels

    equation = str(node.attrs["equation"]).replace(" ", "")
    by_label: dict[str, list[tuple[Moves, int]]] = {}
    for term, operand in zip(equation.partition("->")[0].split(","), operands, strict=True):
        for axis, label in enumerate(einsum_labels(term, len(operand.axes))):
            by_label.setdefault(label, []).append((operand, axis))
    return all(_agree(places) for places in by_label.values())


def _agree(places: list[tuple[Moves, int]]) -> bool:
    """True when the content moves at one rate along all these axes, leaving out those along which it is alike."""
    rates = {Fraction(move, moves.period) for moves, axis in places if (move := moves.flat(axis)) is not ALIKE}
    return len(rates) <= 1

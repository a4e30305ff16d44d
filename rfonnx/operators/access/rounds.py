"""The body of a loop, gone through until what it carries from round to round is stable."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.temporaries import is_temporary, named_by
from rfonnx.operators.access.apply import node_accesses, program_shape
from rfonnx.operators.access.op import Op, Unproven
from rfonnx.operators.access.primitives import Access
from rfonnx.operators.access.relations import Relation, Relations, anywhere, earlier, join, of_access, to_path
from rfonnx.results.fields import Shape

Made = tuple[str, Node, tuple[int, ...], Access]

TOGETHER = "the rounds are taken together"
MAX_PASSES = 100
"""Passes over a body until what it carries is stable. Each pass but the last loses an axis or finds a source."""


def made(op: Op, body: Graph) -> Iterator[Made]:
    """What the tensors of a subgraph read, temporaries of its operators included: name, maker, shape, access."""
    constants = op.graph.constants
    for node in body.nodes:
        op.known.producers.update(dict.fromkeys(node.outputs, node))
        if all(name in constants or not name for name in node.outputs):
            continue
        temporaries, accesses = node_accesses(node, body, op.known)
        for name, (shape, access) in temporaries.items():
            yield name, op.known.makers.get(name, node), shape, access
        for name, access in zip(node.outputs, accesses, strict=True):
            if name and name not in constants:
                yield name, node, program_shape(op.graph.shapes.get(name)), access


def shape_of(op: Op, name: str) -> Shape:
    """Shape of what a body reads from outside: a tensor, masked scores, or a row of masked attention weights."""
    tensor = named_by(name)
    return op.known.rows[tensor][1] if is_temporary(name) and tensor in op.known.rows else op.graph.shapes.get(tensor)


def own(op: Op, name: str) -> Relations:
    """Relations of an outer tensor to itself; of a constant, to nothing."""
    if not name or name in op.graph.constants:
        return {}
    shape = shape_of(op, name)
    static = shape is not None and None not in shape
    rank = len(program_shape(shape))
    return {name: Relation(tuple(range(rank)) if static else (None,) * rank)}


def for_shape(relations: Relations, shape: tuple[int, ...], out: tuple[int, ...]) -> Relations:
    """Relations of a tensor that goes on under another name, whose shape may be known less well."""
    if len(shape) != len(out):
        return anywhere(relations, len(out))
    return {
        s: Relation(tuple(k if n == m else None for k, n, m in zip(r.kept, shape, out, strict=True)), r.round)
        for s, r in relations.items()
    }


def emit(op: Op, relations: Relations, out: tuple[int, ...]) -> Access:
    """What a tensor of shape `out` with these relations may read. A superset."""
    paths = [to_path(s, program_shape(shape_of(op, s)), r.kept, out) for s, r in relations.items()]
    return Access(tuple(paths), False, TOGETHER)


class Rounds:
    """A body, gone through until what is carried from round to round is stable.

    Args:
        op: the loop.
        body: its body.
        given: relations of the body's inputs in the first round, by name.
        back: names of the body's outputs that come back as its first inputs that are in `given`.
    """

    def __init__(self, op: Op, body: Graph, given: dict[str, Relations], back: tuple[str, ...]) -> None:
        self._op = op
        self._made = list(made(op, body))
        self._names = list(given)[: len(back)]
        self._given = {name: self._fitting(name, relations) for name, relations in given.items()}
        self._known: dict[str, tuple[tuple[int, ...], Relations]] = {}
        for number in range(MAX_PASSES + 1):
            self._pass(loosely=number == MAX_PASSES)
            if not self._carry(back):
                return
        raise Unproven("what the rounds carry does not become stable")

    def _fitting(self, name: str, relations: Relations) -> Relations:
        """Relations of one of the body's inputs to outer tensors, as far as lengths agree."""
        inner = program_shape(self._op.graph.shapes.get(name))
        fitting = {}
        for source, (kept, time) in relations.items():
            outer = program_shape(shape_of(self._op, source))
            agree = len(kept) == len(inner)
            pairs = zip(kept, inner, strict=True) if agree else ((None, n) for n in inner)
            fitting[source] = Relation(tuple(k if k is not None and outer[k] == n else None for k, n in pairs), time)
        return fitting

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of the body's input that carries state `index`."""
        return program_shape(self._op.graph.shapes.get(self._names[index]))

    def carried(self, index: int) -> Relations:
        """Relations of state `index` at the begin of any round."""
        return self._given[self._names[index]]

    def known_of(self, name: str) -> tuple[tuple[int, ...], Relations]:
        """Shape and relations of a tensor that the body knows, captured ones included."""
        if name not in self._known:
            relations = self._given.get(name)
            shape = program_shape(shape_of(self._op, name))
            return shape, own(self._op, name) if relations is None else relations
        return self._known[name]

    def _pass(self, loosely: bool) -> None:
        self._known = {}
        for name, _, shape, access in self._made:
            sources = {source: self.known_of(source) for source, _ in access.paths}
            relations = of_access(access, sources, shape)
            self._known[name] = (shape, anywhere(relations, len(shape)) if loosely else relations)

    def _carry(self, back: tuple[str, ...]) -> bool:
        """Hand the body's results to the next round; True when something is new."""
        changed = False
        for index, (name, result) in enumerate(zip(self._names, back, strict=False)):
            shape, relations = self.known_of(result)
            before = self._given[name]
            after = join(before, for_shape(earlier(relations), shape, self.shape(index)))
            changed |= after != before
            self._given[name] = after
        return changed

    def show(self) -> None:
        """Make the body's tensors tensors of the model."""
        for name, node, shape, _ in self._made:
            if not is_temporary(name):
                self._op.temporaries[name] = (shape, emit(self._op, self._known[name][1], shape))
                self._op.known.makers[name] = node

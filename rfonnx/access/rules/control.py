"""Access of If, Loop and Scan where they are not decided or written out when the model is loaded.

If joins both branches. Loops take all rounds together, see `rfonnx.access.relations`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.access.apply import About, node_accesses, program_shape
from rfonnx.access.indexing import MAX_TABLE
from rfonnx.access.primitives import Access, Path, Reduce, Reshape, Select
from rfonnx.access.registry import Op, Unproven, rule
from rfonnx.access.relations import Kept, Relation, Relations, anywhere, earlier, join, of_access, to_path
from rfonnx.graph.model import Graph, Node

Made = tuple[str, Node, tuple[int, ...], Access]

TOGETHER = "the rounds are taken together"
MAX_PASSES = 100
"""Passes over a body until what it carries is stable. Each pass but the last loses an axis or finds a source."""


@rule("If", shapeless=True)
def if_(op: Op) -> list[Access]:
    """Reads what either branch reads, and the condition. A superset: one branch is taken."""
    branches: list[Graph] = [op.attrs["then_branch"], op.attrs["else_branch"]]
    for branch in branches:
        for name, node, shape, access in made(op, branch):
            op.temporaries[name] = (shape, access)
            op.makers[name] = node
    result = []
    for i, output in enumerate(op.node.outputs):
        out = program_shape(op.graph.shapes.get(output))
        found = [branch.outputs[i] for branch in branches]
        paths = [_as_far_as_shapes_agree(op, name, out) for name in found if name not in op.graph.constants]
        result.append(Access((*paths, *_whole(op, op.name(0))), False, "either branch may be taken"))
    return result


def made(op: Op, body: Graph) -> Iterator[Made]:
    """What the tensors of a subgraph read, temporaries of its operators included: name, maker, shape, access."""
    constants = op.graph.constants
    about = About(*(getattr(op, name) for name in About._fields))
    for node in body.nodes:
        op.producers.update(dict.fromkeys(node.outputs, node))
        if all(name in constants or not name for name in node.outputs):
            continue
        temporaries, accesses = node_accesses(node, body, about)
        for name, (shape, access) in temporaries.items():
            yield name, op.makers.get(name, node), shape, access
        for name, access in zip(node.outputs, accesses, strict=True):
            if name and name not in constants:
                yield name, node, program_shape(op.graph.shapes.get(name)), access


def _as_far_as_shapes_agree(op: Op, name: str, out: tuple[int, ...]) -> Path:
    """A branch's result as the If's output; axes on whose length the branches do not agree are read whole."""
    shape = program_shape(op.graph.shapes.get(name))
    if len(shape) != len(out):
        return Path(name, (Reduce(tuple(range(len(shape)))), Reshape(())))
    differ = tuple(axis for axis, (n, m) in enumerate(zip(shape, out, strict=True)) if n != m)
    return Path(name, (Reduce(differ),) if differ else ())


def _whole(op: Op, name: str) -> tuple[Path, ...]:
    """Every position of a tensor; nothing when it is constant or left out."""
    if not name or name in op.graph.constants:
        return ()
    rank = len(program_shape(op.graph.shapes.get(name)))
    return (Path(name, (Reduce(tuple(range(rank))), Reshape(()))),)


@rule("Loop", shapeless=True)
def loop(op: Op) -> list[Access]:
    """Reads what the rounds can carry to the end, and what decides their number. A superset: rounds are taken together."""
    body: Graph = op.attrs["body"]
    initial = op.node.inputs[2:]
    number, condition, *states = body.inputs
    given = {
        condition: _own(op, op.name(1)),
        **{s: _own(op, n) for s, n in zip(states, initial, strict=True)},
        number: {},
    }
    rounds = _Rounds(op, body, given, body.outputs[: 1 + len(states)])
    trips = op.attrs.get("trips")
    steering: Relations = {}
    if trips is None:
        for relations in (_own(op, op.name(0)), rounds.carried(0)):
            steering = join(steering, anywhere(relations, 0))
    result = []
    for i, output in enumerate(op.node.outputs):
        out = program_shape(op.graph.shapes.get(output))
        shape, relations = rounds.known_of(body.outputs[1 + i])
        if i < len(initial):
            if not trips:  # perhaps no round at all
                shape, relations = rounds.shape(i + 1), rounds.carried(i + 1)
            relations = _for_shape(relations, shape, out)
        else:
            relations = {s: Relation((None, *r.kept)) for s, r in relations.items()}
            relations = _for_shape(relations, (out[0] if out else 1, *shape), out)
        result.append(_emit(op, join(relations, anywhere(steering, len(out))), out))
    rounds.show()
    return result


@rule("Scan", shapeless=True)
def scan(op: Op) -> list[Access]:
    """Round t reads position t of what is scanned and, by what is carried, earlier ones. A superset: rounds go together."""
    if op.node.version < 9:
        raise Unproven("a Scan of opset 8 is not followed")
    body: Graph = op.attrs["body"]
    count = int(op.attrs["num_scan_inputs"])
    names = op.node.inputs
    state = len(names) - count
    given = {inner: _own(op, name) for inner, name in zip(body.inputs, names[:state], strict=False)}
    for j, (inner, name) in enumerate(zip(body.inputs[state:], names[state:], strict=True)):
        rank = len(program_shape(op.graph.shapes.get(name)))
        time = _listed(op, "scan_input_axes", j) % max(rank, 1)
        others = tuple(axis for axis in range(rank) if axis != time)
        given[inner] = {source: Relation(others, time) for source in _own(op, name)}
    rounds = _Rounds(op, body, given, body.outputs[:state])
    backward = {name: _listed(op, "scan_input_directions", j) for j, name in enumerate(names[state:])}
    result = []
    for i, output in enumerate(op.node.outputs):
        out = program_shape(op.graph.shapes.get(output))
        shape, relations = rounds.known_of(body.outputs[i])
        if i < state:
            result.append(_emit(op, _for_shape(relations, shape, out), out))
            continue
        axis = _listed(op, "scan_output_axes", i - state) % max(len(out), 1)
        stored_backward = _listed(op, "scan_output_directions", i - state)
        paths = []
        for source, relation in _for_shape(relations, shape, (*out[:axis], *out[axis + 1 :])).items():
            walks = None if relation.round is None else max(relation.round, ~relation.round)
            kept: Kept = (*relation.kept[:axis], walks, *relation.kept[axis:])
            along: dict[int, Select] = {}
            if walks is not None and out[axis] <= MAX_TABLE:
                past = relation.round != walks
                along[walks] = _in_time(walks, out[axis], bool(backward.get(source)), bool(stored_backward), past)
            paths.append(to_path(source, program_shape(op.graph.shapes.get(source)), kept, out, along))
        result.append(Access(tuple(paths), False, TOGETHER))
    rounds.show()
    return result


def _in_time(axis: int, count: int, backward: bool, stored_backward: bool, past: bool) -> Select:
    """Positions of a scanned axis that each stored position reads: the same round's, and those of rounds before it."""
    rounds = np.arange(count, dtype=np.int64)
    rounds = rounds[::-1].copy() if stored_backward else rounds
    here = count - 1 - rounds if backward else rounds
    if not past:
        return Select(axis, here, here)
    border = np.full(count, count - 1 if backward else 0, np.int64)
    return Select(axis, here, border) if backward else Select(axis, border, here)


def _own(op: Op, name: str) -> Relations:
    """Relations of an outer tensor to itself; of a constant, to nothing."""
    if not name or name in op.graph.constants:
        return {}
    shape = op.graph.shapes.get(name)
    static = shape is not None and None not in shape
    rank = len(program_shape(shape))
    return {name: Relation(tuple(range(rank)) if static else (None,) * rank)}


def _for_shape(relations: Relations, shape: tuple[int, ...], out: tuple[int, ...]) -> Relations:
    """Relations of a tensor that goes on under another name, whose shape may be known less well."""
    if len(shape) != len(out):
        return anywhere(relations, len(out))
    return {
        s: Relation(tuple(k if n == m else None for k, n, m in zip(r.kept, shape, out, strict=True)), r.round)
        for s, r in relations.items()
    }


def _listed(op: Op, name: str, index: int) -> int:
    """Entry of an attribute that may be left out, 0 by default."""
    values = op.attrs.get(name) or ()
    return int(values[index]) if index < len(values) else 0


def _emit(op: Op, relations: Relations, out: tuple[int, ...]) -> Access:
    paths = [to_path(s, program_shape(op.graph.shapes.get(s)), r.kept, out) for s, r in relations.items()]
    return Access(tuple(paths), False, TOGETHER)


class _Rounds:
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
        shapes = self._op.graph.shapes
        inner = program_shape(shapes.get(name))
        fitting = {}
        for source, (kept, time) in relations.items():
            outer = program_shape(shapes.get(source))
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
            shape = program_shape(self._op.graph.shapes.get(name))
            return shape, _own(self._op, name) if relations is None else relations
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
            after = join(before, _for_shape(earlier(relations), shape, self.shape(index)))
            changed |= after != before
            self._given[name] = after
        return changed

    def show(self) -> None:
        """Make the body's tensors tensors of the model."""
        for name, node, shape, _ in self._made:
            if "\0" not in name:
                self._op.temporaries[name] = (shape, _emit(self._op, self._known[name][1], shape))
                self._op.makers[name] = node

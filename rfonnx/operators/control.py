"""If, Loop and Scan, where they are not decided or written out when the model is loaded.

If joins both branches. Loops take all rounds together, see `rfonnx.operators.access.rounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.apply import program_shape
from rfonnx.operators.access.indexing import MAX_TABLE
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Select, entire
from rfonnx.operators.access.relations import Kept, Relation, Relations, anywhere, join, to_path
from rfonnx.operators.access.rounds import TOGETHER, Rounds, emit, for_shape, made, own, shape_of
from rfonnx.operators.table import declare
from rfonnx.results.fields import Shape


@rule("If", shapeless=True)
def if_(op: Op) -> list[Access]:
    """Reads what either branch reads, and the condition. A superset: one branch is taken."""
    branches: list[Graph] = [op.attrs["then_branch"], op.attrs["else_branch"]]
    for branch in branches:
        for name, node, shape, access in made(op, branch):
            op.temporaries[name] = (shape, access)
            op.known.makers[name] = node
    result = []
    for i, output in enumerate(op.node.outputs):
        out = program_shape(op.graph.shapes.get(output))
        found = [branch.outputs[i] for branch in branches]
        paths = [_as_far_as_shapes_agree(op, name, out) for name in found if name not in op.graph.constants]
        result.append(Access((*paths, *_whole(op, op.name(0))), False, "either branch may be taken"))
    return result


def _as_far_as_shapes_agree(op: Op, name: str, out: tuple[int, ...]) -> Path:
    """A branch's result as the If's output; axes on whose length the branches do not agree are read whole."""
    shape = program_shape(op.graph.shapes.get(name))
    if len(shape) != len(out):
        return entire(name, len(shape))
    differ = tuple(axis for axis, (n, m) in enumerate(zip(shape, out, strict=True)) if n != m)
    return Path(name, (Reduce(differ),) if differ else ())


def _whole(op: Op, name: str) -> tuple[Path, ...]:
    """Every position of a tensor; nothing when it is constant or left out."""
    if not name or name in op.graph.constants:
        return ()
    return (entire(name, len(program_shape(op.graph.shapes.get(name)))),)


@rule("Loop", shapeless=True)
def loop(op: Op) -> list[Access]:
    """Reads what the rounds can carry to the end, and what decides their number. A superset: rounds are taken together."""
    body: Graph = op.attrs["body"]
    initial = op.node.inputs[2:]
    number, condition, *states = body.inputs
    given = {
        condition: own(op, op.name(1)),
        **{s: own(op, n) for s, n in zip(states, initial, strict=True)},
        number: {},
    }
    rounds = Rounds(op, body, given, body.outputs[: 1 + len(states)])
    trips = op.attrs.get("trips")
    steering: Relations = {}
    if trips is None:
        for relations in (own(op, op.name(0)), rounds.carried(0)):
            steering = join(steering, anywhere(relations, 0))
    result = []
    for i, output in enumerate(op.node.outputs):
        out = program_shape(op.graph.shapes.get(output))
        shape, relations = rounds.known_of(body.outputs[1 + i])
        if i < len(initial):
            if not trips:  # perhaps no round at all
                shape, relations = rounds.shape(i + 1), rounds.carried(i + 1)
            relations = for_shape(relations, shape, out)
        else:
            relations = {s: Relation((None, *r.kept)) for s, r in relations.items()}
            relations = for_shape(relations, (out[0] if out else 1, *shape), out)
        result.append(emit(op, join(relations, anywhere(steering, len(out))), out))
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
    given = {inner: own(op, name) for inner, name in zip(body.inputs, names[:state], strict=False)}
    steering: Relations = {}  # what decides the number of rounds, where it is not known
    for j, (inner, name) in enumerate(zip(body.inputs[state:], names[state:], strict=True)):
        scanned = op.graph.shapes.get(name)
        rank = len(program_shape(scanned))
        time = listed(op.attrs, "scan_input_axes", j) % max(rank, 1)
        if scanned is None or scanned[time] is None:
            steering = join(steering, anywhere(own(op, name), 0))
        others = tuple(axis for axis in range(rank) if axis != time)
        given[inner] = {source: Relation(others, time) for source in own(op, name)}
    rounds = Rounds(op, body, given, body.outputs[:state])
    backward = {name for j, name in enumerate(names[state:]) if listed(op.attrs, "scan_input_directions", j)}
    result = []
    for i, output in enumerate(op.node.outputs):
        out = program_shape(op.graph.shapes.get(output))
        shape, relations = rounds.known_of(body.outputs[i])
        if i < state:
            result.append(emit(op, join(for_shape(relations, shape, out), anywhere(steering, len(out))), out))
        else:
            number = emit(op, anywhere(steering, len(out)), out)
            paths = _stored(op, i - state, relations, shape, out, backward)
            result.append(Access((*paths, *number.paths), False, TOGETHER))
    rounds.show()
    return result


def _stored(
    op: Op, index: int, relations: Relations, shape: tuple[int, ...], out: tuple[int, ...], backward: set[str]
) -> list[Path]:
    """What a Scan's output of the rounds' results, of `shape` each, reads; `backward`: inputs that are scanned from their end."""
    axis = listed(op.attrs, "scan_output_axes", index) % max(len(out), 1)
    stored_backward = bool(listed(op.attrs, "scan_output_directions", index))
    paths = []
    for source, relation in for_shape(relations, shape, (*out[:axis], *out[axis + 1 :])).items():
        walks = None if relation.round is None else max(relation.round, ~relation.round)
        kept: Kept = (*relation.kept[:axis], walks, *relation.kept[axis:])
        along: dict[int, Select] = {}
        if walks is not None and out[axis] <= MAX_TABLE:
            past = relation.round != walks
            along[walks] = _in_time(walks, out[axis], source in backward, stored_backward, past)
        paths.append(to_path(source, program_shape(shape_of(op, source)), kept, out, along))
    return paths


def _in_time(axis: int, count: int, backward: bool, stored_backward: bool, past: bool) -> Select:
    """Positions of a scanned axis that each stored position reads: the same round's, and those of rounds before it."""
    rounds = np.arange(count, dtype=np.int64)
    rounds = rounds[::-1].copy() if stored_backward else rounds
    here = count - 1 - rounds if backward else rounds
    if not past:
        return Select(axis, here, here)
    border = np.full(count, count - 1 if backward else 0, np.int64)
    return Select(axis, here, border) if backward else Select(axis, border, here)


def swept_axes(node: Node, shapes: Mapping[str, Shape]) -> list[tuple[str, int]]:
    """Operands that a Scan goes through, and the axis of each that its rounds walk along."""
    names = node.inputs[-int(node.attrs["num_scan_inputs"]) :]
    ranks = [max(len(shapes.get(name) or ()), 1) for name in names]
    return [(name, listed(node.attrs, "scan_input_axes", j) % ranks[j]) for j, name in enumerate(names)]


def listed(attrs: Mapping[str, Any], name: str, index: int) -> int:
    """Entry of a Scan's attribute that may be left out, 0 by default."""
    values = attrs.get(name) or ()
    return int(values[index]) if index < len(values) else 0


declare("If", "Loop", "Scan", holds_graphs=True, manner=())
declare("Loop", "Scan", family="recurrence")
declare("Scan", carries="rounds")

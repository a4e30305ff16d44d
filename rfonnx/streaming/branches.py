"""A streaming model of two branches: chunks in the middle of a stream, where every frame is one of the offline model, go without
masks.

Masks are needed at the ends alone, and take up to a fifth of a chunk. The branch with them is the whole model as it was written;
the other one is the same without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.preparing.renaming import rename
from rfonnx.gradients.values import Value
from rfonnx.graph.order import graph_of, needed, reads, subgraphs
from rfonnx.model.building.branches import ELSE, THEN
from rfonnx.results.streaming import ENDLESS
from rfonnx.streaming.masks import Asked

PREFIX, SCOPE = "stream/", "middle"


@dataclass(frozen=True, slots=True)
class Passed:
    """What a tensor is in the middle: another one, or some of it.

    Attributes:
        source: the other one.
        axis: of the positions.
        places: positions of it, in order; None: all.
    """

    source: str
    axis: int = 0
    places: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Middle:
    """What is known in the middle of a stream.

    Attributes:
        asked: frames that are all there: that is what the middle is.
        there: lists that are all true, and how long they are.
        passed: tensors that are others.
    """

    asked: Sequence[Asked]
    there: Mapping[str, int]
    passed: Mapping[str, Passed]


def branched(model: ModelProto, position: str, ends: str, middle: Middle) -> ModelProto:
    """The model with a branch for chunks in the middle; one that has no masks stays as it is.

    Args:
        model: as it was written.
        position, ends: its inputs that count chunks and that tell lengths.
        middle: what is known there.
    """
    graph = model.graph
    if not any(name in middle.there or name in middle.passed for node in graph.node for name in node.output):
        return model
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    emit = Emitter(opset, _names(graph), PREFIX)
    emit.scope = SCOPE
    test = _test(emit, Value(emit, position, "int64"), Value(emit, ends, "int64"), middle.asked)
    outer = list(emit.nodes)
    branches = {THEN: _branch(emit, graph, _passing(emit, graph.node, middle), THEN)}
    branches[ELSE] = _branch(emit, graph, graph.node, ELSE)
    choice = helper.make_node("If", [test.name], [entry.name for entry in graph.output], emit.unique("choice"))
    choice.attribute.extend(helper.make_attribute(key, branch) for key, branch in branches.items())
    made = ModelProto()
    made.CopyFrom(model)
    del made.graph.node[:]
    made.graph.node.extend([*outer, choice])
    read = {name for node in made.graph.node for name in reads(node)}
    made.graph.initializer.extend(one for one in emit.constants if one.name in read)
    return made


def _test(emit: Emitter, position: Value, ends: Value, asked: Sequence[Asked]) -> Value:
    """Whether all frames that are asked for are there; bool. While the host knows no end, none is behind one. Who tells the end
    too early has the other branch from there on, which is as right."""
    tests = []
    starts = [one for one in asked if one.start]
    if starts:
        first = max(-(one.first // one.frames) for one in starts)
        tests.append(emit("GreaterOrEqual", position, emit.scalar(first, "int64")))
    if any(one.end is not None for one in asked):
        told = emit("Gather", ends, emit.scalar(0, "int64"), axis=0)
        tests.append(emit("GreaterOrEqual", told, emit.scalar(ENDLESS // 2, "int64")))
    return emit("And", *tests) if len(tests) > 1 else tests[0]


def _passing(emit: Emitter, nodes: Sequence[NodeProto], middle: Middle) -> Iterator[NodeProto]:
    """The nodes as they are in the middle."""
    true = {name: emit.constant(np.ones(count, bool)).name for name, count in middle.there.items()}
    for node in nodes:
        passed = middle.passed.get(node.output[0])
        if passed is None:
            made = rename(node, true)
            made.output[:] = node.output
            yield made
        elif passed.places is None:
            yield helper.make_node("Identity", [passed.source], list(node.output), node.name)
        else:
            yield _picked(emit, passed.source, passed.axis, passed.places, node)


def _picked(emit: Emitter, source: str, axis: int, places: tuple[int, ...], node: NodeProto) -> NodeProto:
    """In the place of a node."""
    start, stop = places[0], places[-1] + 1
    if places == tuple(range(start, stop)):
        bounds = [emit.ints([one]).name for one in (start, stop, axis)]
        return helper.make_node("Slice", [source, *bounds], list(node.output), node.name)
    return helper.make_node("Gather", [source, emit.ints(places).name], list(node.output), node.name, axis=axis)


def _branch(emit: Emitter, graph: GraphProto, nodes: Iterable[NodeProto], key: str) -> GraphProto:
    """A subgraph of nodes, which gives what the graph gives under names of its own."""
    names = {entry.name: emit.unique(f"{key}/output") for entry in graph.output}
    made = GraphProto(name=key)
    made.node.extend(rename(node, names) for node in needed(list(nodes), names)[0])
    made.output.extend(graph.output)
    for entry in made.output:
        entry.name = names[entry.name]
    return made


def _names(graph: GraphProto) -> Iterator[str]:
    """Of all tensors, those of subgraphs too."""
    yield from (entry.name for entry in (*graph.input, *graph.initializer))
    for node in graph.node:
        yield from node.output
        for inner in subgraphs(node):
            yield from _names(inner)


def choice_of(model: ModelProto) -> NodeProto | None:
    """The node with the two branches; None where there is none."""
    begin = f"{PREFIX}{SCOPE}/"
    return next((node for node in model.graph.node if node.name.startswith(begin) and graph_of(node, THEN)), None)


def nodes_of(model: ModelProto) -> Sequence[NodeProto]:
    """All that a chunk at an end may need; of a model without branches all nodes."""
    choice = choice_of(model)
    branch = None if choice is None else graph_of(choice, ELSE)
    return model.graph.node if branch is None else [*model.graph.node, *branch.node]

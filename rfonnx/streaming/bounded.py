"""Causal attention that sees all before it, made to see the last keys alone: another model, which streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from onnx import ModelProto

from rfonnx.errors import QueryError
from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.table import operator
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.layout import lay_out
from rfonnx.streaming.model import LENGTHS, WIDEST, Source, first_taken
from rfonnx.streaming.placed import Layout, Placed
from rfonnx.streaming.refusal import refused

LARGEST = 2048
"""Keys at most: a model is looked at where it has more frames than a query sees keys."""


def bounded(source: Source, keys: int) -> Source:
    """The model in which a query of attention that had no bound sees its last keys alone, its own among them.

    Args:
        source: not looked at yet.
        keys: how many a query sees.

    Raises:
        QueryError: no attention lacks a bound, or so many keys cannot be asked for.
        Refused: something else in the model cannot be streamed.
    """
    if not 1 <= keys <= LARGEST:
        raise QueryError(f"{source.model.label}: a cache of {keys} keys was asked for", f"give --cache 1 to {LARGEST}")
    if source.fixed and keys >= source.length:
        raise QueryError(
            f"{source.model.label}: of the {source.length} frames that the file has room for a cache of {keys} keys hides none",
            f"give --cache 1 to {source.length - 1}",
        )
    layout, graph = _looked_at(source)
    assert layout.boundless is not None
    narrowed = {scores: axes for placed in layout.boundless if placed.keyed for scores, axes in _scores(layout, placed)}
    whole = {placed.node.outputs[0]: placed.node for placed in layout.boundless if not placed.keyed}
    if not (narrowed or whole):
        raise QueryError(
            f"{source.model.label}: no attention in it sees all frames up to its own: there is nothing to bound",
            "leave out --cache",
        )
    proto = _narrowed(source.proto, graph, narrowed, whole, layout.axes, keys)
    narrowed_values = tuple(_values(placed) for placed in layout.boundless)
    return replace(source.changed(proto), cache=keys, narrowed=narrowed_values)


def _values(placed: Placed) -> str:
    """What is taken along the keys."""
    found = next(iter(placed.readings.values()))
    if not placed.keyed:
        attending = operator(placed.node.kind).attending
        assert attending is not None
        return placed.node.inputs[attending.operands[-1]]
    return next(operand for operand, (_, reading) in found.items() if isinstance(reading, Attends))


def _looked_at(source: Source) -> tuple[Layout, Graph]:
    """With as many frames as there may be, so that what has a bound shows it."""
    lengths = [source.length] if source.fixed else [length for length in reversed(LENGTHS) if length <= WIDEST]
    seen = first_taken(lengths, source.seen_at)
    return lay_out(seen, boundless=True), seen.graph


def _scores(layout: Layout, placed: Placed) -> Iterator[tuple[str, tuple[int, int]]]:
    """Scores whose softmax leads to a product without a bound, and their axes of queries and of keys.

    Raises:
        Refused: there is no softmax.
    """
    makers = {name: one for one in layout.placed for name in one.planes}
    ((name, keys),) = placed.keyed.items()
    found = []
    todo = [(name, keys)]
    while todo:
        name, keys = todo.pop()
        maker, plane = makers[name], makers[name].planes[name]
        if operator(maker.node.kind).weighs:
            found.append((maker.node.inputs[0], (plane.axes[1 - keys], plane.axes[keys])))
        todo += [
            (operand, 1 - keys if operand in plane.turned else keys)
            for operand in dict.fromkeys(maker.node.inputs)
            if operand in makers
        ]
    if not found:
        raise refused(placed.node, "has no softmax before it whose keys could be bounded")
    yield from found


def _seen(emit: Emitter, shape: Value, rank: int, axes: tuple[int, int], lengths: tuple[int, int], keys: int) -> Value:
    """Whether a query sees a key, as it is one of its last ones.

    Args:
        emit: writes it.
        shape: of a tensor with queries along its axis `lengths[0]`, and as many keys along `lengths[1]`.
        rank, axes: of what is made: its axes of queries and of keys.
        lengths: see there.
        keys: how many a query sees.
    """
    places = []
    for axis, length in zip(axes, lengths, strict=True):
        long = emit("Gather", shape, emit.scalar(length, "int64"), axis=0)
        numbers = emit("Range", emit.scalar(0, "int64"), long, emit.scalar(1, "int64"))
        places.append(numbers.reshape([-1 if i == axis else 1 for i in range(rank)]))
    return emit("Greater", places[1], places[0] - emit.scalar(keys, "int64"))


def _last(scores: Value, rank: int, axes: tuple[int, int], keys: int) -> Value:
    """Scores, of the last keys of each query alone."""
    emit = scores.emit
    seen = _seen(emit, emit.shape_of(scores), rank, axes, axes, keys)
    return emit("Where", seen, scores, emit.scalar(float("-inf"), scores.dtype), dtype=scores.dtype)


def _mask(emit: Emitter, graph: Graph, node: Node, axes: Mapping[str, int], keys: int) -> str:
    """The mask of attention in one operator: its own, less what lies too far back."""
    attending = operator(node.kind).attending
    assert attending is not None
    assert attending.mask is not None
    values = node.inputs[attending.operands[2]]
    along, dtype = axes[values], graph.dtypes[values]
    seen = _seen(emit, emit.shape_of(Value(emit, values, dtype)), 2, (0, 1), (along, along), keys)
    own = node.inputs[attending.mask] if len(node.inputs) > attending.mask else ""
    if own and graph.dtypes[own] == "bool":
        return emit("And", Value(emit, own, "bool"), seen).name
    zero, hidden = (emit.scalar(number, dtype) for number in (0.0, float("-inf")))
    made = emit("Where", seen, zero, hidden, dtype=dtype)
    if not own:
        return (made if node.kind == "Attention" else made.unsqueeze([0, 1])).name
    return (Value(emit, own, dtype) + made).name


def _narrowed(
    given: ModelProto,
    graph: Graph,
    narrowed: Mapping[str, tuple[int, int]],
    whole: Mapping[str, Node],
    axes: Mapping[str, int],
    keys: int,
) -> ModelProto:
    """The model with a mask behind all these scores, and in these operators."""
    proto = ModelProto()
    proto.CopyFrom(given)
    taken = {name for node in given.graph.node for name in (*node.input, *node.output)}
    emit = Emitter(graph.opsets[""], taken | {tensor.name for tensor in given.graph.initializer}, "cache/")
    renamed: dict[str, str] = {}
    del proto.graph.node[:]
    for node in given.graph.node:
        before = len(emit.nodes)
        inputs = list(node.input)
        if node.output and node.output[0] in whole:
            attending = operator(whole[node.output[0]].kind).attending
            assert attending is not None
            assert attending.mask is not None
            inputs += [""] * (attending.mask + 1 - len(inputs))
            inputs[attending.mask] = _mask(emit, graph, whole[node.output[0]], axes, keys)
        elif operator(node.op_type).weighs:
            inputs = [renamed.get(name, name) for name in inputs]
        proto.graph.node.extend(emit.nodes[before:])
        made = proto.graph.node.add()
        made.CopyFrom(node)
        made.input[:] = inputs
        before = len(emit.nodes)
        for name in node.output:
            if name in narrowed:
                rank = len(graph.shapes[name] or ())
                renamed[name] = _last(Value(emit, name, graph.dtypes[name]), rank, narrowed[name], keys).name
        proto.graph.node.extend(emit.nodes[before:])
    proto.graph.initializer.extend(emit.constants)
    return proto

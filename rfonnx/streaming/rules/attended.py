"""Attention in a band: what compares queries with keys is written for a chunk of queries and the keys that these see.

Nodes that make tensors with two axes of frames wait until a product along the keys is written: it says which band they are
needed for, and by then it is known how late queries, keys and values are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.call import Call, same
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.rules.keys_seen import Sight
from rfonnx.streaming.rules.tables import Rows, by_position


def attended(call: Call) -> list[Flow | None]:
    """A product over keys: of the weights of a chunk's queries, and the values of the keys that these see.

    With delays q of the queries and k of keys and values: frame o leaves as soon as the last key that it sees has come.
    """
    ((weights, keys),) = call.placed.keyed.items()
    (name,) = (operand for operand, (_, reading) in call.readings[call.output].items() if isinstance(reading, Attends))
    band = call.readings[call.output][name][1]
    assert isinstance(band, Attends)
    writer = call.writer
    values = writer.masked(writer.settled(call.flows[name]), 0.0, start=True, end=True, wait=band.ahead)
    island = dict.fromkeys(_beside(call, weights, keys))
    rows = {operand: writer.settled(call.flows[operand]) for operand, along in island if not along}
    columns = {operand: writer.settled(call.flows[operand]) for operand, along in island if along}
    for operand, flow in (*rows.items(), *columns.items()):
        lengths = [(one.frames, *map(one.length, call.source.views)) for one in (flow, values)]
        if lengths[0] != lengths[1]:
            raise call.refuse(f"compares tensors of different lengths ('{operand}' has another than '{name}')")
    if band.ahead:
        columns = {n: writer.closed(flow) for n, flow in columns.items()}
    sight = Sight.of(
        band,
        values.frames,
        max((flow.delay for flow in rows.values()), default=0),
        max(flow.delay for flow in (values, *columns.values())),
    )
    rows = {operand: writer.later(flow, sight.delay) for operand, flow in rows.items()}
    seen = {n: sight.keys(writer, flow, f"keys of '{n}' that are seen again") for n, flow in columns.items()}
    written = _Island(sight, values, {n: flow.value for n, flow in rows.items()}, seen, {})
    inputs: list[Value | None] = []
    for index, operand in enumerate(call.node.inputs):
        if operand == weights:
            inputs.append(written.shown(call.waiting[weights], weights, keys, 0.0))
        elif operand == name:
            inputs.append(sight.keys(writer, values, f"values of '{name}' that are seen again"))
        else:
            inputs.append(call.constant(index))
    return [call.made(call.emit(inputs, {}), values.frames, sight.delay, values.length)]


def _beside(call: Call, name: str, keys: int) -> Iterator[tuple[str, bool]]:
    """Operands with one axis of frames of all that a tensor with two is made of; whether they lie along the keys."""
    maker = call.waiting[name]
    plane = maker.placed.planes[name]
    for operand, (axis, _) in maker.readings[name].items():
        yield operand, axis == plane.axes[keys]
    for operand in dict.fromkeys(maker.node.inputs):
        if operand in call.waiting:
            yield from _beside(call, operand, 1 - keys if operand in plane.turned else keys)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A tensor of a chunk's queries and their keys; `outside`: what it holds where a key is not seen, None: anything."""

    value: Value
    outside: float | None


@dataclass(frozen=True, slots=True)
class _Island:
    """Tensors with two axes of frames, written for one product.

    Attributes:
        sight: queries and keys.
        values: what the product takes along the keys.
        rows, columns: of a chunk, by operand with one axis of frames.
        made: what is written already.
    """

    sight: Sight
    values: Flow
    rows: dict[str, Value]
    columns: dict[str, Value]
    made: dict[tuple[str, int], _Chunk]

    def shown(self, call: Call, name: str, keys: int, fill: float) -> Value:
        """A tensor with a number where keys are not seen."""
        chunk = self.chunk(call, name, keys)
        if chunk.outside == fill:
            return chunk.value
        shape, axes = self._placed(call, name, keys)
        return self.sight.hidden(call.writer, chunk.value, shape, axes, self.values.length, fill)

    def chunk(self, call: Call, name: str, keys: int) -> _Chunk:
        """A tensor as its node makes it."""
        if (name, keys) not in self.made:
            self._write(call, keys)
        return self.made[name, keys]

    def _placed(self, call: Call, name: str, keys: int) -> tuple[tuple[int, ...], tuple[int, int]]:
        """The shape of a chunk, and its axes of queries and of keys."""
        axes = call.placed.planes[name].axes
        queries, along = axes[1 - keys], axes[keys]
        shape = list(call.shape(name, queries, self.sight.frames))
        shape[along] = self.sight.width
        return tuple(shape), (queries, along)

    def _write(self, call: Call, keys: int) -> None:
        """A node, on the queries of a chunk and the keys that they see."""
        node, row = call.node, call.row
        first = next(iter(call.placed.planes))
        inputs, outside = [], None
        for index, operand in enumerate(node.inputs):
            if operand in call.waiting:
                own = 1 - keys if operand in call.placed.planes[first].turned else keys
                maker = call.waiting[operand]
                if row.weighs and index == 0 and _along_keys(call, first, keys):
                    inputs.append(self.shown(maker, operand, own, float("-inf")).name)
                    outside = 0.0
                    continue
                chunk = self.chunk(maker, operand, own)
                inputs.append(chunk.value.name)
                if index == 0 and (
                    row.moves_values or (row.keeps_zero and chunk.outside == 0 and len(node.inputs) == 1)
                ):
                    outside = chunk.outside
            elif operand in call.readings[first]:
                along = call.readings[first][operand][0] == call.placed.planes[first].axes[keys]
                inputs.append((self.columns if along else self.rows)[operand].name)
            else:
                value = self._constant(call, first, index, keys)
                inputs.append("" if value is None else value.name)
        values = {name: call.new(name) for name in call.placed.planes}
        spare = {n: call.writer.named(call.proto, 9) for n in node.outputs if n and n not in values}
        call.writer.copy(
            call.proto, inputs, [values[n].name if n in values else spare.get(n, "") for n in node.outputs]
        )
        call.writer.emit.nodes[-1].name = values[first].name
        for name, value in values.items():
            self.made[name, keys] = _Chunk(value, outside)

    def _constant(self, call: Call, name: str, index: int, keys: int) -> Value | None:
        """An operand without frames, as a chunk needs it.

        Raises:
            Refused: it holds something for every query and key, and not by their distance.
        """
        operand = call.node.inputs[index] if index < len(call.node.inputs) else ""
        if not operand:
            return None
        shape, (queries, along) = self._placed(call, name, keys)
        if index == call.row.shaped_by:
            return call.writer.emit.ints(shape)
        graphs = [view.graph for view in call.source.views.values()]
        if operand not in graphs[0].constants or not call.row.pointwise:
            return call.constant(index)
        given = [graph.shapes[operand] or () for graph in graphs]
        places = [axis - (len(shape) - len(given[0])) for axis in (queries, along)]
        lengths = [self.values.length(length) for length in call.source.views]
        long = [p for p in places if p >= 0 and [one[p] for one in given] == lengths]
        if not long:
            return call.constant(index)
        arrays = call.source.values(operand)
        if any(array is None for array in arrays):
            raise call.refuse(f"has a constant '{operand}' along the streamed axis that is too large to be looked at")
        known = [array for array in arrays if array is not None]
        if len(long) == 2:
            table = self.sight.table(known, (places[0], places[1]))
            if table is None:
                raise call.refuse(
                    f"has a constant '{operand}' of queries and keys that depends on more than the distance between them"
                )
            return call.writer.emit.constant(table)
        one = [np.take(array, [0], long[0]) for array in known]
        if all(same(np.broadcast_to(one[0], array.shape), array) for array in known):
            return call.writer.emit.constant(one[0])
        first, count = (0, self.sight.frames) if long[0] == places[0] else (-self.sight.left, self.sight.width)
        rows = Rows(self.sight.frames, first - self.sight.delay, count, self.values.length)
        return by_position(call, operand, long[0], rows)


def _along_keys(call: Call, name: str, keys: int) -> bool:
    return list(call.node.attrs["axes"]) == [call.placed.planes[name].axes[keys]]

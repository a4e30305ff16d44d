"""Attention in one operator: queries of a chunk, the keys and values that they see, and a mask in the place of its own."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.relations import Same
from rfonnx.streaming.rules.keys_seen import Sight


def at_once(call: Call) -> list[Flow | None]:
    """The operator with attributes that hide no key, and a mask that is added to its scores: -inf where the file hides a key by
    whatever it has, and where there is no such key."""
    writer, attending, found = call.writer, call.row.attending, call.readings[call.output]
    assert attending is not None
    assert attending.mask is not None
    queries, keys, values = (call.node.inputs[index] for index in attending.operands)
    (_, band) = found.get(values, (-1, None))
    if (
        not isinstance(band, Attends)
        or len({queries, keys, values}) < 3
        or set(found) != {queries, keys, values}
        or found[queries][1] != Same()
        or not _within(found.get(keys), band)
    ):
        raise call.refuse("has no rule yet for queries, keys and values that are no three tensors of the same rate")
    others = {i for i, name in enumerate(call.node.inputs) if name} - {*attending.operands, attending.mask}
    if others or len(call.readings) > 1 or any(call.node.outputs[1:]):
        raise call.refuse("has inputs or outputs beside queries, keys, values, a mask and what comes of them")
    flows = {
        name: writer.masked(writer.settled(call.flows[name]), 0.0, start=True, end=True, wait=band.ahead)
        for name in (keys, values)
    }
    first = writer.settled(call.flows[queries])
    lengths = {(flow.frames, *map(flow.length, call.source.views)) for flow in (first, *flows.values())}
    if len(lengths) > 1:
        raise call.refuse("compares tensors of different lengths")
    sight = Sight.of(band, first.frames, first.delay, max(flow.delay for flow in flows.values()))
    first = writer.later(first, sight.delay)
    inputs: list[Value | None] = [None] * (max(*attending.operands, attending.mask) + 1)
    inputs[attending.operands[0]] = first.value
    for index, name, label in zip(attending.operands[1:], (keys, values), ("keys", "values"), strict=True):
        inputs[index] = sight.keys(writer, flows[name], f"{label} of '{name}' that are seen again")
    inputs[attending.mask] = _mask(call, sight, flows[values], attending.mask)
    changed = {name: value for name, value in attending.whole.items() if name in call.node.attrs}
    return [call.made(call.emit(inputs, changed), first.frames, sight.delay, first.length)]


def _within(found: tuple[int, object] | None, band: Attends) -> bool:
    """Whether keys are read as values are, or not where one of them is seen alone."""
    return found is not None and found[1] == band


def _mask(call: Call, sight: Sight, values: Flow, index: int) -> Value:
    """What is added to the scores of a chunk: of (queries, keys), with axes of batch and head as in the file.

    Raises:
        Refused: the file's own depends on more than the distance of a key.
    """
    operand = call.node.inputs[index] if index < len(call.node.inputs) else ""
    own = np.zeros((sight.frames, sight.width), values.value.dtype)
    if operand:
        arrays = [array for array in call.source.values(operand) if array is not None]
        if len(arrays) < len(call.source.views):
            raise call.refuse(f"has a mask '{operand}' that is computed from data, or is too large to be looked at")
        numbers = [_added(array, values.value.dtype) for array in arrays]
        wanted = [values.length(length) for length in call.source.views]
        if any(array.shape[-2:] != (length, length) for array, length in zip(numbers, wanted, strict=True)):
            raise call.refuse(f"has a mask '{operand}' that is not one of all queries and keys")
        rank = numbers[0].ndim
        table = sight.table(numbers, (rank - 2, rank - 1))
        if table is None:
            raise call.refuse(f"has a mask '{operand}' that depends on more than the distance between query and key")
        own = table
    made = call.writer.emit.constant(own)
    return sight.hidden(call.writer, made, own.shape, (own.ndim - 2, own.ndim - 1), values.length, float("-inf"))


def _added(mask: np.ndarray, dtype: str) -> np.ndarray:
    """A mask as numbers that are added."""
    return np.where(mask, 0.0, -np.inf).astype(dtype) if mask.dtype == bool else mask

"""Nodes that only pick frames along time: crops, steps, repetitions. A table of one chunk says which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np
from onnx import helper

from rfonnx.errors import ModelError, ShapeError
from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Length
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.relations import Moves, Same, Slides
from rfonnx.streaming.rules.copied import copied
from rfonnx.streaming.rules.resized import refuse_inexact, resized
from rfonnx.streaming.waits import Wait

TRIED = 100
"""Lengths at which a list is looked at, at most."""


def moved(call: Call) -> list[Flow | None]:
    """A slice or a resize: what it does along other axes is done behind the choice of frames."""
    reading = _moves(call)
    if call.row.switched_off == "scale":
        refuse_inexact(call, len(reading.offsets), reading.shift, known=call.source.fixed)
    joined, frames, delay = _chosen(call, reading)
    value = _others(call, joined, frames)
    made = call.made(value, frames, delay, _length(call, call.flow, reading))
    return [replace(made, before=call.flow.before if delay < 0 else None)]


def picked(call: Call) -> list[Flow | None]:
    """Frames by a list of numbers that go on evenly, the same along all other axes.

    Raises:
        Refused: other axes change, too; or the list is longer or shorter in a way that is not known.
    """
    reading, shape, out = _moves(call), call.flow.shape, call.source.graph.shapes[call.output] or ()
    if isinstance(call.reading, Same) and len(out) < len(shape):
        return copied(call)  # one position of the axis before the frames, which takes its place
    joined, frames, delay = _chosen(call, reading)
    if [*out[: call.axis], *out[call.axis + 1 :]] != [*shape[: call.axis], *shape[call.axis + 1 :]]:
        raise call.refuse("picks along the streamed axis, and changes others", "pick along one axis at a time")
    value = call.new(call.output)
    call.writer.emit.nodes.append(helper.make_node("Identity", [joined.name], [value.name], value.name))
    made = call.made(value, frames, delay, _fitted(call, reading))
    return [replace(made, before=call.flow.before if delay < 0 else None)]


def _moves(call: Call) -> Moves:
    """What is read, as a table."""
    reading = call.reading
    if isinstance(reading, Same):
        return Moves(1, (0,))
    if isinstance(reading, Slides):
        return Moves(reading.stride, (-reading.pad,))
    assert isinstance(reading, Moves)
    return reading


def _chosen(call: Call, reading: Moves) -> tuple[Value, int, int]:
    """Of a chunk: output o reads frame `o // P * S + offsets[o % P]`.

    The delay D is the least for which the last frame that a chunk picks has come: for outputs `-D ..` of the first chunk, it is
    no later than the last of its frames. It is negative where that is one of those before the stream began, which all hold one
    number. The cache holds what is picked from before the chunk.

    Returns:
        The frames that are picked, how many, and how late they are.
    """
    writer, flow = call.writer, call.flow
    period, shift = len(reading.offsets), reading.shift
    frames, last = flow.frames // shift * period, flow.frames - 1 - flow.delay
    behind = max(reading.offsets) + flow.delay - shift + 1
    if behind % shift and flow.length.raised:
        writer.waits[Wait.STEPPED] = None
    most = -(-behind // shift) * period  # at this multiple of P it has come
    delay = next(n for n in range(most - period + 1, most + 1) if _picks(reading, frames, n).max() <= last)
    chosen = _picks(reading, frames, delay) + flow.delay
    cache = max(0, -int(chosen.min()))
    joined = writer.cached(
        flow, cache, flow.before or 0.0, f"frames of '{call.operand}' that {call.node.kind} picks later"
    )
    if not np.array_equal(chosen + cache, np.arange(cache + flow.frames)):
        joined = writer.emit("Gather", joined, writer.emit.ints([int(n) for n in chosen + cache]), axis=flow.axis)
    return joined, frames, delay


def _picks(reading: Moves, frames: int, delay: int) -> np.ndarray:
    """Numbers of the frames that outputs `-delay ..` read."""
    places = np.arange(frames) - delay
    offsets = np.array(reading.offsets)
    found: np.ndarray = places // len(offsets) * reading.shift + offsets[places % len(offsets)]
    return found


def _fitted(call: Call, reading: Moves) -> Length:
    """Frames of the output, `(P n + a) // S` of n: of the numbers a that agree at all lengths, or at as many as
    there are different remainders, the largest.

    Raises:
        Refused: no number agrees, or there are too many remainders.
    """
    source, length = call.source, call.flow.length
    period, shift = len(reading.offsets), reading.shift
    seen = {n: (view.graph.shapes[call.output] or ())[call.axis] or 0 for n, view in source.views.items()}
    rounds = shift * math.prod(divide for *_, divide in length.steps)
    for further in () if source.fixed else range(1, min(rounds, TRIED)):
        if len(_agree(seen, length, period, shift)) < 2:
            break
        with suppress(ModelError, ShapeError):
            shape = source.ready.graph(source.at(source.length + further)).shapes[call.output]
            if shape is not None and shape[call.axis] is not None:
                seen[source.length + further] = shape[call.axis] or 0
    found = _agree(seen, length, period, shift)
    if not found or (len(found) > 1 and not source.fixed and rounds > TRIED):
        raise call.refuse("picks frames by a list that does not grow evenly with the whole")
    return length.then(period, found[-1], shift)


def _agree(seen: Mapping[int, int], length: Length, period: int, shift: int) -> range:
    """Numbers a with `out <= (P n + a) / S < out + 1` at all lengths."""
    least = [out * shift - period * length(n) for n, out in seen.items()]
    return range(max(least), min(least) + shift)


def _length(call: Call, flow: Flow, reading: Moves) -> Length:
    """Frames of the output: of a slice that ends at some distance from the end, or of a resize."""
    whole = flow.length(call.source.length)
    out = call.source.graph.shapes[call.output]
    assert out is not None
    frames = out[call.axis] or 0
    period, shift = len(reading.offsets), reading.shift
    if shift == 1:
        return flow.length.then(period, frames - whole * period)
    if call.row.switched_off == "scale":
        return flow.length.then(period, 0, shift)
    where = call.node.attrs["axes"].index(flow.axis)
    behind = whole - call.node.attrs["ends"][where]
    return flow.length.then(1, -reading.offsets[0] - behind + shift - 1, shift)


def _others(call: Call, value: Value, frames: int) -> Value:
    """What the node does along other axes."""
    emit, attrs = call.writer.emit, call.node.attrs
    if call.row.switched_off == "axes":
        kept = [i for i, axis in enumerate(attrs["axes"]) if axis != call.axis]
        if not kept:
            return value
        parts = [emit.ints([attrs[name][i] for i in kept]) for name in ("starts", "ends", "axes", "steps")]
        return emit("Slice", value, *parts)
    return resized(call, value, frames, frames)

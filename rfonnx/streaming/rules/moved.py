"""Nodes that only pick frames along time: crops, steps, repetitions. A table of one chunk says which."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Length
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.readings import Moves, Slides


def moved(call: Call) -> list[Flow | None]:
    """Output o reads frame `o // P * S + offsets[o % P]`.

    The delay is the least multiple of P for which the last frame that a chunk picks has come; the cache holds what is picked
    from before the chunk.
    """
    writer, flow, reading = call.writer, call.flow, call.reading
    if isinstance(reading, Slides):
        reading = Moves(reading.stride, (-reading.pad,))
    assert isinstance(reading, Moves)
    period, shift = len(reading.offsets), reading.shift
    rounds = max(0, -(-(max(reading.offsets) + flow.delay - shift + 1) // shift))
    back = rounds * shift - flow.delay
    cache = max(0, back - min(reading.offsets))
    joined = writer.cached(flow, cache, 0.0, f"frames of '{call.operand}' that {call.node.kind} picks later")
    frames = flow.frames // shift * period
    places = np.arange(frames)
    picked = places // period * shift + np.array(reading.offsets)[places % period] - back + cache
    if not np.array_equal(picked, np.arange(cache + flow.frames)):
        joined = writer.emit("Gather", joined, writer.emit.ints([int(n) for n in picked]), axis=flow.axis)
    value = _others(call, joined)
    return [call.made(value, frames, rounds * period, _length(call, flow, reading))]


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


def _others(call: Call, value: Value) -> Value:
    """What the node does along other axes."""
    emit, attrs = call.writer.emit, call.node.attrs
    if call.row.switched_off == "axes":
        kept = [i for i, axis in enumerate(attrs["axes"]) if axis != call.axis]
        if not kept:
            return value
        parts = [emit.ints([attrs[name][i] for i in kept]) for name in ("starts", "ends", "axes", "steps")]
        return emit("Slice", value, *parts)
    shape, out = call.source.graph.shapes[call.operand] or (), call.source.graph.shapes[call.output] or ()
    if all(n == m for axis, (n, m) in enumerate(zip(shape, out, strict=True)) if axis != call.axis):
        return value
    scales = [1.0 if axis == call.axis else scale for axis, scale in enumerate(attrs["scales"])]
    changed = dict.fromkeys(("axes", "keep_aspect_ratio_policy"))
    roi = None
    return call.emit([value, roi, emit.constant(np.array(scales, np.float32))], changed)

"""Operators that cut the signal into frames, and look at nothing beyond its ends: STFT, tables of positions."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.bending import gathered, straight
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.relations import Slides
from rfonnx.streaming.rules.windowed import late, note, on_cache


def framed(call: Call) -> list[Flow | None]:
    """The operator on cached samples and the chunk; frame o of the output reads samples from `o * stride` on."""
    joined, frames, delay = _read(call)
    constants = [call.constant(index) for index in range(1, len(call.node.inputs))]
    return [_made(call, call.emit([joined, *constants], {}), frames, delay)]


def tabled(call: Call) -> list[Flow | None]:
    """A table of positions becomes that of a chunk: frame o picks `o * stride + t * dilation`, t along the axis beside it."""
    reading, (joined, frames, delay) = _slides(call), _read(call)
    table = np.arange(frames)[:, None] * reading.stride + np.arange(reading.kernel) * reading.dilation
    table = table if call.axis == call.flow.axis else table.T
    emit = call.writer.emit
    picked = emit("Gather", joined, emit.constant(table.astype(np.int64)), axis=call.flow.axis)
    return [_made(call, picked, frames, delay)]


def _slides(call: Call) -> Slides:
    assert isinstance(call.reading, Slides)
    return call.reading


def _read(call: Call) -> tuple[Value, int, int]:
    """What the windows of a chunk read, how many they are, and how late."""
    writer, flow, reading = call.writer, call.flow, _slides(call)
    if flow.bend is not None and not reading.pad:
        joined, delay = gathered(writer, flow, reading.span, reading.stride)
        return joined, flow.frames // reading.stride, delay
    flow = straight(writer, flow)
    cache, delay = late(flow, reading, reading.pad)
    note(writer, flow, reading, reading.pad, cache)
    return *on_cache(call, flow, reading, cache, 0.0), delay


def _made(call: Call, value: Value, frames: int, delay: int) -> Flow:
    reading, flow = _slides(call), call.flow
    length = flow.length.then(1, reading.pad - reading.span + reading.stride, reading.stride)
    return call.made(value, frames, delay, length)

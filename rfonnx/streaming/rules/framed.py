"""Operators that cut the signal into frames, and look at nothing beyond its ends: STFT, tables of positions."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.readings import Slides
from rfonnx.streaming.rules.windowed import late, on_cache


def framed(call: Call) -> list[Flow | None]:
    """The operator on cached samples and the chunk; frame o of the output reads samples from `o * stride` on."""
    joined, frames = _joined(call)
    constants = [call.constant(index) for index in range(1, len(call.node.inputs))]
    return [_made(call, call.emit([joined, *constants], {}), frames)]


def tabled(call: Call) -> list[Flow | None]:
    """A table of positions becomes that of a chunk: frame o picks `o * stride + t * dilation`, t along the axis beside it."""
    reading, (joined, frames) = _slides(call), _joined(call)
    table = np.arange(frames)[:, None] * reading.stride + np.arange(reading.kernel) * reading.dilation
    table = table if call.axis == call.flow.axis else table.T
    emit = call.writer.emit
    return [_made(call, emit("Gather", joined, emit.constant(table.astype(np.int64)), axis=call.flow.axis), frames)]


def _slides(call: Call) -> Slides:
    assert isinstance(call.reading, Slides)
    return call.reading


def _joined(call: Call) -> tuple[Value, int]:
    reading, flow = _slides(call), call.flow
    return on_cache(call, flow, reading, late(flow, reading, reading.pad)[0], 0.0)


def _made(call: Call, value: Value, frames: int) -> Flow:
    reading, flow = _slides(call), call.flow
    length = flow.length.then(1, reading.pad - reading.span + reading.stride, reading.stride)
    return call.made(value, frames, late(flow, reading, reading.pad)[1], length)

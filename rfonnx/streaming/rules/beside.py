"""A Concat along time with what has no frames, which stands in front or behind: zeros, a learned token, a first cache."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow, Led
from rfonnx.streaming.masks import Asked
from rfonnx.streaming.rules.history import LARGEST
from rfonnx.streaming.rules.padded import lengthened
from rfonnx.streaming.waits import Wait


def beside(call: Call) -> list[Flow | None]:
    """Of one number they are padding. Others are put in by position: those behind are known when the end is; of those in front as
    many as the stream has frames before its first, and of constants the rest is what caches hold at first. Frame o of the operand
    is frame o + k."""
    place = call.node.inputs.index(call.operand)
    flow = call.flow
    for index in reversed(range(place)):
        count, value = _part(call, index)
        flow = (
            lengthened(call.writer, flow, count, 0, value)
            if isinstance(value, float)
            else _led(call, flow, value, count, call.source.values(call.node.inputs[index])[0])
        )
    for index in range(place + 1, len(call.node.inputs)):
        count, value = _part(call, index)
        flow = (
            lengthened(call.writer, flow, 0, count, value)
            if isinstance(value, float)
            else _followed(call, flow, value, count)
        )
    return [flow]


def _part(call: Call, index: int) -> tuple[int, Value | float]:
    """How many frames an operand has that is none of the stream; and what it holds: the number, where it is one."""
    name = call.node.inputs[index]
    value = call.constant(index)
    count = (call.source.graph.shapes[name] or ())[call.axis]
    assert value is not None
    assert count is not None
    held = call.source.values(name)[0] if name in call.source.graph.constants else None
    if held is not None and held.size and held.dtype.kind in "fiu" and (held == held.flat[0]).all():
        return count, float(held.flat[0])
    return count, value


def _led(call: Call, flow: Flow, value: Value, count: int, held: np.ndarray | None) -> Flow:
    """With frames in front of the first."""
    writer = call.writer
    led = _before(call, flow, held, count) if flow.delay < count else None
    if led is None:
        flow = writer.wait(flow, count, Wait.GIVEN)
    made = replace(flow, length=flow.length.then(1, count), stored=None)
    if flow.delay > 0:
        asked = Asked(flow.frames, -flow.delay, flow.frames, True, None)
        places = writer.places(flow.frames, count - flow.delay, flow.frames)
        made = _put(call, flow, asked, value, places, count)
    return replace(made, delay=flow.delay - count, before=None, led=led)


def _before(call: Call, flow: Flow, held: np.ndarray | None, count: int) -> Led | None:
    """The frames that come before the stream begins; None: they are no constants, or too many to be written down."""
    if held is None or held.dtype.kind != "f" or held.size > LARGEST:
        return None
    frames = np.moveaxis(held, flow.axis, 0)
    if flow.led is not None:
        return Led(np.concatenate([frames, flow.led.frames]))
    if flow.delay < 0:
        added = np.full((-flow.delay, *frames.shape[1:]), flow.before, frames.dtype)
        return Led(np.concatenate([frames, added]))
    return Led(frames[: count - flow.delay])


def _followed(call: Call, flow: Flow, value: Value, count: int) -> Flow:
    """With frames behind the last."""
    writer = call.writer
    flow = writer.closed(flow)
    asked = Asked(flow.frames, -flow.delay, flow.frames, False, flow.length)
    places = writer.places(flow.frames, -flow.delay, flow.frames) - writer.lengths.given(flow.length)
    return replace(_put(call, flow, asked, value, places, count), after=None)


def _put(call: Call, flow: Flow, asked: Asked, value: Value, places: Value, count: int) -> Flow:
    """Frames that are not there are taken from others, by their number among these."""
    emit = call.writer.emit
    rows = emit("Gather", value, call.writer.clamped(places, count), axis=flow.axis)
    made = call.writer.selected(asked, flow, rows)
    return replace(flow, value=made, length=flow.length.then(1, count), stored=None)

"""Resizing along time by neighbours: the operator itself, on more of the frames, so that its ends lie outside what is kept."""

from __future__ import annotations

import numpy as np

from rfonnx.streaming.bending import delay_of, picked
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Bend, Flow
from rfonnx.streaming.relations import Blends, Slides
from rfonnx.streaming.rules.resized import refuse_inexact, resized


def blended(call: Call) -> list[Flow | None]:
    """Blocks of P frames are made of blocks of S. Frame o needs the operand up to `need(o) = o // P S + lasts[o % P]`, held
    inside.

    It comes with the chunk in which that does: with the operand's delay d and c frames of it in a chunk, the delay is the
    greatest `c P / S floor((need(o) + d) / c) - o`, and no less than 0.
    """
    writer, reading = call.writer, call.reading
    if isinstance(reading, Slides):  # by halves: no frame is held inside
        reading = Blends(reading.stride, (-reading.pad,), (reading.span - 1 - reading.pad,))
    assert isinstance(reading, Blends)
    attrs = call.node.attrs
    if attrs.get("antialias", 0) or attrs.get("exclude_outside", 0):
        raise call.refuse("weighs neighbours otherwise at the ends (antialias, exclude_outside)")
    period, shift = len(reading.firsts), reading.shift
    refuse_inexact(call, period, shift)
    if attrs["mode"] != "nearest" and not (_is_power_of_two(period) and _is_power_of_two(shift)):
        raise call.refuse(
            f"weighs neighbours by where they lie, in float32: by {period}/{shift} that is rounded the more, the further a frame "
            "lies from the first, so that nothing exact exists",
            "export it with a scale that is a power of two",
        )
    flow = writer.settled(call.flow)
    flow = writer.closed(flow)
    made = flow.frames // shift * period
    delay = _delay(reading, flow.frames, flow.delay, made)
    block = -delay // period  # of the first frame of the first chunk
    phase = -delay - block * period
    blocks = -(-(phase + made) // period)
    before = -(-max(0, -min(reading.firsts)) // shift)
    after = -(-max(0, max(reading.lasts) - shift + 1) // shift)
    length = flow.length.then(period, 0, shift)
    if (
        attrs["coordinate_transformation_mode"] == "pytorch_half_pixel"
    ):  # a single frame is made otherwise: of the first
        after += (before + blocks + after) * period < 2
        writer.lengths.at_least(length, 2)
    count = (before + blocks + after) * shift
    ends = Bend(1, 1, begin_mirrored=False, end_mirrored=False, length=flow.length)
    taken = picked(writer, flow, ends, (block - before) * shift, count)
    value = resized(call, taken, count, count // shift * period)
    start = before * period + phase
    value = value.slice(call.axis, start, start + made)
    return [call.made(value, made, delay, length)]


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


def _delay(reading: Blends, frames: int, late: int, made: int) -> int:
    period = len(reading.lasts)
    o = np.arange(2 * made + 2 * period)
    need = np.maximum(o // period * reading.shift + np.array(reading.lasts)[o % period], 0)
    return delay_of(need + late, frames, made)

"""Nodes that only pick frames along time: crops, steps, repetitions. A table of one chunk says which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import helper

from rfonnx.gradients.values import Value
from rfonnx.streaming.bending import Seen, straight
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow, Led
from rfonnx.streaming.relations import Moves, Same, Slides
from rfonnx.streaming.rules.copied import copied
from rfonnx.streaming.rules.how_many import by_shapes, cropped, listed
from rfonnx.streaming.rules.padded import padded
from rfonnx.streaming.rules.resized import refuse_inexact, resized
from rfonnx.streaming.waits import Wait
from rfonnx.streaming.writer import Writer


def moved(call: Call) -> list[Flow | None]:
    """A slice or a resize: what it does along other axes is done behind the choice of frames. A crop of the start takes frames
    away that the stream does not have yet."""
    led = call.flow.led if _crops_alone(call) else None
    if led is None:
        call = replace(call, flows=Seen(call.writer, call.flows, Writer.told))
    reading = _moves(call)
    if call.row.switched_off == "scale":
        refuse_inexact(call, len(reading.offsets), reading.shift, known=call.source.fixed)
    joined, frames, delay = _chosen(call, reading)
    value = _others(call, joined, frames)
    made = call.made(value, frames, delay, cropped(call, reading))
    if led is not None and delay < 0:
        return [replace(made, led=Led(led.frames[len(led.frames) + delay :]))]
    return [replace(made, before=call.flow.before if delay < 0 else None)]


def _crops_alone(call: Call) -> bool:
    """Whether it crops frames, one after another, and nothing else."""
    reading = call.reading
    return _slices_time_alone(call) and isinstance(reading, Slides) and reading.stride == 1


def _slices_time_alone(call: Call) -> bool:
    return call.row.switched_off == "axes" and list(call.node.attrs["axes"]) == [call.axis]


def uncut(call: Call) -> list[Flow | None]:
    """A slice or a pad of all frames and no others where the model was looked at; of fewer, or more, elsewhere, if its end
    is another tensor's. One that takes all at any length does nothing: frames that the operand adds can still be picked."""
    if not by_shapes(call):
        return copied(call)
    if _slices_time_alone(call) and cropped(call, _moves(call)) == call.flow.length:
        return [call.flow]
    rule = moved if call.row.switched_off == "axes" else padded
    own = (name for name in call.node.inputs if name in call.flows)
    return rule(replace(call, flows={name: straight(call.writer, call.flows[name]) for name in own}))


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
    made = call.made(value, frames, delay, listed(call, reading))
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

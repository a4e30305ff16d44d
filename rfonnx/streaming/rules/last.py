"""The last frame alone, such as that of a layer's output: it is carried along, and right when the whole has come."""

from __future__ import annotations

import math

from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.rules.carried import named


def last(call: Call) -> list[Flow | None]:
    """One frame is carried: the last one of the chunk that there is, else that of before."""
    writer, flow = call.writer, call.writer.settled(call.flow)
    emit, output = writer.emit, call.output
    shape = call.shape(output, -1, 1)
    if math.prod(shape) * flow.frames != math.prod(flow.shape):
        raise call.refuse("takes the last frame, and a part of it", "take the part first")
    state = writer.state("last", flow.with_frames(1), flow.value.dtype, 0.0, f"last frame of '{call.operand}' so far")
    joined = emit.concat([state.value, flow.value], flow.axis)
    first, count = writer.lengths.begun(flow, to_end=True)
    none = emit.scalar(0, "int64")
    place = emit("Where", emit("Greater", count, none), first + count, none, dtype="int64")
    state.following = emit("Gather", joined, place.reshape([1]), axis=flow.axis)
    writer.lengths.close(flow)
    named(call, state.following.reshape(shape), output)
    return [None] * len(call.node.outputs)

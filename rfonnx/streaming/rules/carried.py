"""Nodes that go through time in order and carry what they need: running sums, recurrent layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.readings import Runs


def carried(call: Call) -> list[Flow | None]:
    """By what the operator carries."""
    return summed(call) if call.row.carries == "sum" else stepped(call)


def summed(call: Call) -> list[Flow | None]:
    """A running sum: that of the chunk, and the sum of all before."""
    writer, reading = call.writer, call.reading
    assert isinstance(reading, Runs)
    flow = writer.masked(writer.settled(call.flow), 0.0, start=True, end=False)
    if flow.delay == 0 and flow.before is None:
        flow = replace(flow, before=0.0)
    shape = flow.with_frames(1)
    state = writer.state("sum", shape, flow.value.dtype, 0.0, f"sum of '{call.operand}' so far")
    own = call.emit([flow.value, call.constant(1)], {})
    total = flow.value.sum([flow.axis])
    state.following = state.value + total
    return [call.made(own + state.value, flow.frames, flow.delay, flow.length)]


def stepped(call: Call) -> list[Flow | None]:
    """A recurrent layer that begins with what it carries.

    Frames before 0 must not move it. Where there can be some, those that have begun are turned to the front of the chunk, the
    layer is told how many they are (`sequence_lens`), and what it makes is turned back; where there are none it carries what it
    had. So it holds for any activation and any first state.
    """
    writer, flow = call.writer, writer_settled(call)
    emit, node, dtype = writer.emit, call.node, call.flow.value.dtype
    if node.attrs.get("layout", 0):
        raise call.refuse("has its batch first (layout=1)", "export it with time first")
    if call.constant(4) is not None:
        raise call.refuse("is told where sequences end (sequence_lens)", "export it without")
    kinds = call.row.recurrent
    assert kinds is not None
    shape = call.source.graph.shapes[call.operand] or ()
    weights = call.source.graph.shapes[node.inputs[2]] or ()
    state_shape = (1, shape[1] or 0, weights[2] or 0)
    begun = _begun(call, flow) if flow.delay > 0 else None
    inputs: list[Value | None] = [flow.value, call.constant(1), call.constant(2), call.constant(3), None, None, None]
    inputs += [call.constant(7)] if len(node.inputs) > 7 else []
    if begun is not None:
        turned, count = begun
        inputs[0] = emit("Gather", flow.value, turned, axis=0)
        at_least_one = emit("Max", count, emit.scalar(1, "int64"))
        inputs[4] = at_least_one.cast("int32").reshape([1]).expand([shape[1] or 0])
    states = []
    for index in kinds.states:
        first = call.constant(index)
        state = writer.state("carried", state_shape, dtype, 0.0, f"what {node.kind} carries for '{call.output}'")
        value = state.value
        if first is not None:
            is_first = emit("Equal", writer.position, emit.scalar(0, "int64"))
            value = emit("Where", is_first, first, value, dtype=dtype)
        inputs[index] = value
        states.append((state, value))
    if len(kinds.states) == 1:
        inputs.pop(6)
    outputs = [call.new(call.output)]
    outputs += [Value(emit, writer.named(call.proto, number + 1), dtype) for number in range(len(states))]
    names = ["" if value is None else value.name for value in inputs]
    while not names[-1]:
        names.pop()
    writer.copy(call.proto, names, [value.name for value in outputs])
    emit.nodes[-1].name = outputs[0].name
    made = outputs[0]
    for (state, before), after in zip(states, outputs[1:], strict=True):
        state.following = after
        if begun is not None:
            any_yet = emit("Greater", begun[1], emit.scalar(0, "int64"))
            state.following = emit("Where", any_yet, after, before, dtype=dtype)
    if begun is not None:
        back = _turned(call, flow.frames, begun[1])
        made = emit("Gather", made, back, axis=0)
    return [call.made(made, flow.frames, flow.delay, flow.length)]


def writer_settled(call: Call) -> Flow:
    """The operand, not before its time."""
    return call.writer.settled(call.flow)


def _begun(call: Call, flow: Flow) -> tuple[Value, Value]:
    """Places that bring the frames that have begun to the front of a chunk, and how many they are: int64."""
    emit = call.writer.emit
    last = call.writer.position * flow.frames + (flow.frames - flow.delay)  # frames begun by the end of the chunk
    count = emit("Max", emit("Min", last, emit.scalar(flow.frames, "int64")), emit.scalar(0, "int64"))
    return _turned(call, flow.frames, -count), count


def _turned(call: Call, frames: int, by: Value) -> Value:
    """`(i + by) mod frames` for every frame i of a chunk."""
    emit = call.writer.emit
    return emit("Mod", by + emit.constant(np.arange(frames, dtype=np.int64)), emit.scalar(frames, "int64"))

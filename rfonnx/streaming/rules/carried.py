"""Nodes that go through time in order and carry what they need: running sums, recurrent layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import helper

from rfonnx.gradients.values import Value
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.relations import Runs
from rfonnx.streaming.states import State
from rfonnx.streaming.writer import chosen


def summed(call: Call) -> list[Flow | None]:
    """A running sum: that of the chunk, and the sum of all before. Without its own frame it is the one of the frame before, and
    comes a frame earlier."""
    writer, reading = call.writer, call.reading
    assert isinstance(reading, Runs)
    if call.node.attrs["axis"] is None and len(call.flow.shape) > 1:
        raise call.refuse("sums along an axis that is computed", "make it a constant")
    flow = call.flow if call.flow.before == 0.0 else writer.settled(call.flow)
    flow = writer.masked(flow, 0.0, start=True, end=False)
    if flow.delay == 0 and flow.before is None:
        flow = replace(flow, before=0.0)
    shape = flow.with_frames(1)
    state = writer.state("sum", shape, flow.value.dtype, 0.0, f"sum of '{call.operand}' so far")
    own = call.emit([flow.value, call.constant(1)], {"exclusive": 0})
    total = flow.value.sum([flow.axis])
    state.following = state.value + total
    made = call.made(own + state.value, flow.frames, flow.delay - reading.before, flow.length)
    return [replace(made, before=0.0)]


def stepped(call: Call) -> list[Flow | None]:
    """A recurrent layer that begins with what it carries.

    Frames before 0 must not move it, nor those behind the last one where its last state is wanted. Where there can be some, those
    that count are turned to the front of the chunk, the layer is told how many they are (`sequence_lens`), and what it makes is
    turned back; where there are none in a chunk it carries what it had. So it holds for any activation and any first state.
    """
    writer, flow, node = call.writer, call.writer.settled(call.flow), call.node
    emit, dtype = writer.emit, call.flow.value.dtype
    if node.attrs.get("layout", 0):
        raise call.refuse("has its batch first (layout=1), which onnxruntime does not run", "export it with time first")
    _refuse_lengths(call, flow)
    kinds = call.row.recurrent
    assert kinds is not None
    batch = (call.source.graph.shapes[call.operand] or ())[1] or 0
    hidden = (call.source.graph.shapes[node.inputs[2]] or ())[2] or 0
    finals = [name for name in node.outputs[1:] if name in call.readings]
    inputs: list[Value | None] = [flow.value, call.constant(1), call.constant(2), call.constant(3), None, None, None]
    inputs += [call.constant(7)] if len(node.inputs) > 7 else []
    first, count = writer.lengths.begun(flow, bool(finals)) if flow.delay > 0 or finals else (None, None)
    if count is not None:
        if flow.delay > 0 and first is not None:
            inputs[0] = emit("Gather", flow.value, _turned(call, flow.frames, first), axis=0)
        at_least_one = emit("Max", count, emit.scalar(1, "int64"))
        inputs[4] = at_least_one.cast("int32").reshape([1]).expand([batch])
    states = []
    for number, index in enumerate(kinds.states):
        output = node.outputs[number + 1] if number + 1 < len(node.outputs) else ""
        state, inputs[index] = first_state(call, index, output, (1, batch, hidden))
        states.append(state)
    if len(kinds.states) == 1:
        inputs.pop(6)
    made = Value(emit, writer.named(call.proto), dtype)
    after = [Value(emit, writer.named(call.proto, number + 1), dtype) for number in range(len(states))]
    names = ["" if value is None else value.name for value in inputs]
    while not names[-1]:
        names.pop()
    writer.copy(call.proto, names, [made.name, *(value.name for value in after)])
    emit.nodes[-1].name = made.name
    for number, (state, index) in enumerate(zip(states, kinds.states, strict=True)):
        state.following = after[number]
        if count is not None:
            any_yet = emit("Greater", count, emit.scalar(0, "int64"))
            state.following = emit("Where", any_yet, after[number], inputs[index], dtype=dtype)
        if node.outputs[number + 1 : number + 2] and node.outputs[number + 1] in finals:
            state.following = named(call, state.following, node.outputs[number + 1])
    if finals:
        writer.lengths.close(flow)
    if flow.delay > 0 and first is not None:
        made = emit("Gather", made, _turned(call, flow.frames, -first), axis=0)
    framed = [call.made(made, flow.frames, flow.delay, flow.length)] if node.outputs[0] in call.readings else [None]
    return [*framed, *([None] * (len(node.outputs) - 1))]


def named(call: Call, value: Value, name: str) -> Value:
    """A value under the name that it has in the file."""
    call.writer.emit.nodes.append(helper.make_node("Identity", [value.name], [name], name))
    return Value(call.writer.emit, name, value.dtype)


def first_state(call: Call, index: int, output: str, shape: tuple[int, ...]) -> tuple[State, Value]:
    """The state of a recurrence whose first value is operand `index`, and what holds it in a chunk.

    An input of the file that nothing else reads, and whose state is an output of the file, stays the file's: the host feeds back
    what it got, as it does with the file.
    """
    writer, source = call.writer, call.source
    name = call.node.inputs[index] if index < len(call.node.inputs) else ""
    dtype = source.graph.dtypes[name] if name else call.flow.value.dtype
    meaning = f"what {call.node.kind} carries for '{next(filter(None, call.node.outputs))}'"
    own = name in source.graph.inputs and output in source.graph.outputs and source.readers[name] == 1
    if own and source.shapes[name] == shape:
        state = writer.state("carried", shape, dtype, None, meaning, name)
        return state, state.value
    state = writer.state("carried", shape, dtype, 0.0, meaning)
    first = call.constant(index)
    if first is None:
        return state, state.value
    is_first = writer.emit("Equal", writer.position, writer.emit.scalar(0, "int64"))
    return state, chosen(writer.emit, is_first, first, state.value)


def _refuse_lengths(call: Call, flow: Flow) -> None:
    """`sequence_lens` that say that all sequences are as long as the tensor say nothing."""
    name = call.node.inputs[4] if len(call.node.inputs) > 4 else ""
    if not name:
        return
    told = call.source.values(name)
    if name not in call.source.graph.constants or any(
        value is None or not (value == flow.length(length)).all()
        for value, length in zip(told, call.source.views, strict=True)
    ):
        raise call.refuse("is told where sequences end (sequence_lens)", "export it without")


def _turned(call: Call, frames: int, by: Value) -> Value:
    """`(i + by) mod frames` for every frame i of a chunk."""
    emit = call.writer.emit
    return emit("Mod", by + emit.constant(np.arange(frames, dtype=np.int64)), emit.scalar(frames, "int64"))

"""Frames of one value before the first and after the last: nothing is made of them, what comes is only counted otherwise."""

from __future__ import annotations

from dataclasses import replace

from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.rules.how_many import reaching
from rfonnx.streaming.writer import Writer


def padded(call: Call) -> list[Flow | None]:
    """With p frames in front, frame o of the operand is frame o + p, and comes p less late: maybe before the stream begins.

    A negative p crops. Other axes are padded as in the file.
    """
    writer, attrs = call.writer, call.node.attrs
    axis, pads, value = call.axis, list(attrs["pads"]), attrs["value"]
    rank = len(pads) // 2
    begin, end = pads[axis], pads[rank + axis]
    pads[axis] = pads[rank + axis] = 0
    if value is None and (max(begin, end) > 0 or any(pads)):
        raise call.refuse("pads with a value that is computed", "make it a constant")
    flow = call.flow
    if any(pads):
        flow = along_others(call, flow, pads, value)
    made = lengthened(writer, flow, begin, end, value)
    length = reaching(call, made.length)
    # The end may be padded up to that of another tensor: by 0 frames, maybe, where it was looked at.
    if length != made.length:
        made = replace(lengthened(writer, flow, begin, 1, value), length=length)
        if length.constant:
            writer.lengths.at_most(flow.length, length(0) - begin)
    return [made]


def lengthened(writer: Writer, flow: Flow, begin: int, end: int, value: float) -> Flow:
    """With so many frames of one value in front, and behind; with fewer, where that is negative."""
    flow = writer.masked(writer.settled(flow) if flow.led and begin else flow, value, begin > 0, end > 0)
    if begin > 0:
        if flow.delay < 0 and flow.before != value:
            flow = writer.settled(flow)
        if flow.delay == 0:  # nothing comes before frame 0 but what caches hold at first
            flow = replace(flow, before=value)
    delay = flow.delay - begin
    before = None if begin < 0 < delay else flow.before
    after = None if end < 0 else flow.after
    length = flow.length.then(1, begin + end)
    return replace(flow, delay=delay, length=length, before=before, after=after, stored=None)


def along_others(call: Call, flow: Flow, pads: list[int], value: float) -> Flow:
    """Padded along the other axes, in whatever mode the file has."""
    writer = call.writer
    if flow.delay < 0 and flow.before != value:
        flow = writer.settled(flow)
    emit, out = writer.emit, call.source.graph.shapes[call.output] or ()
    mode = call.node.attrs["mode"]
    padding = emit("Pad", flow.value, emit.ints(pads), emit.scalar(value, flow.value.dtype), mode=mode)
    shape = tuple(flow.frames if i == flow.axis else n or 0 for i, n in enumerate(out))
    same = mode != "constant"
    before = flow.before if same or flow.before == value else None
    after = flow.after if same or flow.after == value else None
    return replace(flow, value=padding, shape=shape, before=before, after=after, stored=None)

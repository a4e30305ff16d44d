"""Frames that are added at the ends by reflection or by the edge: nothing is made of them here, who reads them picks them."""

from __future__ import annotations

from dataclasses import replace

from rfonnx.streaming.bending import straight
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Bend, Flow
from rfonnx.streaming.relations import Bends
from rfonnx.streaming.rules.how_many import most, reaching
from rfonnx.streaming.rules.padded import along_others


def bent(call: Call) -> list[Flow | None]:
    """With p frames in front, frame o of the operand is frame o + p. Other axes are padded as in the file.

    Of two such nodes in a row, one in front and one behind, one bend is made. The end may be filled up to whole groups, and so
    be of other lengths than where the model was looked at (how EnCodec pads in front of a stride).
    """
    writer, pads = call.writer, list(call.node.attrs["pads"])
    assert isinstance(call.reading, Bends)
    rank, axis, mirrored = len(pads) // 2, call.axis, call.reading.mirrored
    begin, end = pads[axis], pads[rank + axis]
    pads[axis] = pads[rank + axis] = 0
    flow = call.flow
    if any(pads):
        flow = along_others(call, straight(writer, flow), pads, 0.0)
    length = reaching(call, flow.length.then(1, begin + end))
    if length.constant and not flow.length.constant:
        raise call.refuse("adds frames of its own up to a length in numbers", "pad with zeros up to it")
    end = most(call, length) - begin
    if flow.bend is None or begin or flow.bend.end:
        flow = writer.settled(straight(writer, flow))
    if end:
        flow = writer.closed(flow)
    if flow.bend is None:
        bend = Bend(begin, end, mirrored, mirrored, flow.length)
    else:
        bend = replace(flow.bend, end=end, end_mirrored=mirrored)
    if mirrored:
        writer.lengths.at_least(flow.length, max(begin, end) + 1 + max(0, -min(begin, end)))
    made = call.made(flow.value, flow.frames, flow.delay - begin, length)
    return [replace(made, bend=bend)]

"""Frames that are laid anew: an axis behind them goes into theirs, or groups of them become frames."""

from __future__ import annotations

from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.relations import Moves, Slides
from rfonnx.streaming.waits import Wait


def laid(call: Call) -> list[Flow | None]:
    """The node on chunks. Of one frame become m, and a delay of d becomes m d; or of r become one.

    Groups begin where those of the offline tensor do: the delay is rounded up to a multiple of r. What stands outside stays.
    """
    flow, reading = call.flow, call.reading
    many, group = 1, 1
    if isinstance(reading, Moves):
        many = len(reading.offsets)
    else:
        assert isinstance(reading, Slides)
        group = reading.stride
        flow = call.writer.wait(flow, -(-flow.delay // group) * group, Wait.GROUPED)
    frames, delay = flow.frames * many // group, flow.delay * many // group
    shape = [call.writer.emit.ints(call.shape(call.output, call.axis, frames))] if call.row.shaped_by else None
    value = call.emit([flow.value, *(shape or map(call.constant, range(1, len(call.node.inputs))))], {})
    made = call.made(value, frames, delay, flow.length.then(many, 0, group))
    return [Flow(value, made.shape, made.axis, delay, made.length, flow.before, flow.after)]

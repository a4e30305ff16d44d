"""Transposed convolutions: every frame is spread over several, which add up with those of its neighbours."""

from __future__ import annotations

from dataclasses import replace

from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.relations import Spreads
from rfonnx.streaming.waits import Wait


def spread(call: Call) -> list[Flow | None]:
    """The uncut result of a chunk; what lies over its end is added to that of the next chunk.

    With span K, stride s, cut p and the operand's delay d: c frames make (c - 1) s + K, of which the last K - s are kept for the
    next chunk; frame o of the output comes d s + p frames late. The bias is added after that: once to each frame.
    """
    writer, reading = call.writer, call.reading
    assert isinstance(reading, Spreads)
    flow, bias = call.flow, call.constant(2)
    if flow.before != 0.0:
        flow = writer.settled(flow)
    elif bias is not None:  # before the stream began there is nothing but the bias, which is not one number
        flow = writer.wait(flow, -(reading.pad // reading.stride), Wait.BEFORE)
    flow = writer.masked(flow, 0.0, start=True, end=True)
    axis, stride, span = call.axis, reading.stride, reading.span
    if len({tap * reading.dilation % stride for tap in range(reading.kernel)}) < stride:
        writer.waits[Wait.GAPS] = None
    place, attrs = axis - 2, call.node.attrs
    count = len(attrs["pads"]) // 2
    pads, extra = list(attrs["pads"]), list(attrs.get("output_padding") or [0] * count)
    pads[place] = pads[count + place] = 0
    extra[place] = max(stride - span, 0)
    frames, over = flow.frames * stride, max(span - stride, 0)
    _refuse_sizes(call, place, pads, extra)
    changed = {"pads": pads, "output_padding": extra, "auto_pad": None, "output_shape": None}
    whole = call.emit([flow.value, call.constant(1)], changed)
    shape = call.shape(call.output, axis, over)
    if over:
        state = writer.state("overlap", shape, whole.dtype, 0.0, f"what '{call.output}' has still to come")
        before = state.value
        total = frames + over
        rank = len(shape)
        behind = [0] * (2 * rank)
        behind[rank + axis] = total - over
        whole = whole + before.pad(behind)
        state.following = whole.slice(axis, frames, total)
        whole = whole.slice(axis, 0, frames)
    if bias is not None:
        whole = whole + bias.reshape([-1, *[1] * (len(shape) - 2)])
    offline = call.source.graph.shapes[call.output]
    assert offline is not None
    length = flow.length.then(stride, (offline[axis] or 0) - flow.length(call.source.length) * stride)
    delay = flow.delay * stride + reading.pad
    return [replace(call.made(whole, frames, delay, length), before=0.0 if delay < 0 else None)]


def _refuse_sizes(call: Call, place: int, pads: list[int], extra: list[int]) -> None:
    """`output_shape` may ask for more than padding in numbers can: of other axes than that of the frames."""
    attrs, shape = call.node.attrs, call.source.graph.shapes[call.output] or ()
    for other in range(len(extra)):
        ends = pads[other] + pads[len(extra) + other]
        span = (attrs["kernel_shape"][other] - 1) * attrs["dilations"][other] + 1
        made = (call.flow.shape[other + 2] - 1) * attrs["strides"][other] + span + extra[other] - ends
        if other != place and made != shape[other + 2]:
            raise call.refuse(
                "makes a size (output_shape) that its padding does not say", "export it with padding in numbers"
            )

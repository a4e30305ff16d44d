"""Windows that slide along time: convolutions and pools, on a chunk and the frames before it that they still need."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.bending import gathered, straight
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.refusal import Refused
from rfonnx.streaming.relations import Slides
from rfonnx.streaming.waits import Wait
from rfonnx.streaming.writer import Writer


def windowed(call: Call) -> list[Flow | None]:
    """The operator without its own padding along time, on H cached frames and the chunk.

    With span K, stride s, padding p and the operand's delay d: H = K - s + e, and frame o of the output comes (H + d - p) / s
    frames late, where e is the least from 0 on that makes this a whole number that is no less than 0. H may be negative where
    windows leave gaps: then they begin as much later in the chunk. Over a bent operand: see `gathered`. What is added to the
    result (of FusedConv) waits for it, or it for that.
    """
    writer = call.writer
    flow, reading = call.flows[call.node.inputs[0]], call.readings[call.output][call.node.inputs[0]][1]
    assert isinstance(reading, Slides)
    added = {
        name: writer.settled(straight(writer, call.flows[name])) for name in call.node.inputs[1:] if name in call.flows
    }
    place, begin, end = _padding(call)
    alike = _quantised_alike(call, flow)
    flow = flow if alike or flow.led else writer.told(flow)
    border = None if alike else _border(call, begin, end)
    if call.row.border == "lowest" and begin + end:  # a shorter tensor may lie between the taps of a window
        writer.lengths.at_least(flow.length, reading.dilation)
    span, stride, cache = reading.span, reading.stride, 0
    if flow.bend is not None and not (begin or end or added):
        joined, delay = gathered(writer, flow, span, stride)
        frames = flow.frames // stride
    else:
        flow = writer.masked(straight(writer, flow), border, begin > 0, end > 0)
        cache, delay = late(flow, reading, begin)
        latest = max([delay, *(other.delay for other in added.values())])
        if latest > delay:
            flow = writer.later(flow, flow.delay + (latest - delay) * stride)
            cache, delay = late(flow, reading, begin)
        note(writer, flow, reading, begin, cache)
        joined, frames = on_cache(call, flow, reading, cache, border)
    pads = list(call.node.attrs["pads"])
    pads[place] = pads[len(pads) // 2 + place] = 0
    attrs = {"pads": pads, "auto_pad": "NOTSET"}
    others = [
        writer.later(added[name], delay).value if name in added else call.constant(index)
        for index, name in enumerate(call.node.inputs[1:], 1)
    ]
    value = call.emit([joined, *others], attrs)
    made = call.made(value, frames, delay, flow.length.then(1, begin + end - span + stride, stride))
    if _uncounted(call, begin + end):
        made = _counted(call, made, flow, cache, (frames - 1) * stride + span)
    return [made]


def on_cache(call: Call, flow: Flow, reading: Slides, cache: int, border: float | None) -> tuple[Value, int]:
    """What the windows of a chunk read, of it and of as many frames before it as are cached; and how many windows there are."""
    joined = call.writer.cached(
        flow, max(cache, 0), border, f"frames of '{call.operand}' that {call.node.kind} reads again"
    )
    frames = flow.frames // reading.stride
    needed = (frames - 1) * reading.stride + reading.span
    if needed < cache + flow.frames or cache < 0:
        joined = joined.slice(flow.axis, max(-cache, 0), max(-cache, 0) + needed)
    return joined, frames


def note(writer: Writer, flow: Flow, reading: Slides, begin: int, cache: int) -> None:
    """Why what is made may be later than what it sees asks for."""
    least = reading.span - reading.stride
    if begin - flow.delay > least:
        writer.waits[Wait.DEEP] = None
    if cache > max(least, begin - flow.delay) and flow.length.raised:
        writer.waits[Wait.STEPPED] = None


def late(flow: Flow, reading: Slides, begin: int) -> tuple[int, int]:
    """Frames that are cached (fewer than none: that are skipped), and the delay of what is made."""
    cache = max(reading.span - reading.stride, begin - flow.delay)
    cache += -(cache + flow.delay - begin) % reading.stride
    return cache, (cache + flow.delay - begin) // reading.stride


def _padding(call: Call) -> tuple[int, int, int]:
    """Which axis of space holds the frames, and what is padded at its two ends.

    Raises:
        Refused: that, or how many windows there are, depends on the whole length.
    """
    attrs = {a.name: a for a in call.proto.attribute}
    pads = call.node.attrs.get("pads")
    if pads is None:
        raise call.refuse("pads SAME along the streamed axis", "export it with padding in numbers")
    place = call.axis - (1 if call.node.attrs.get("channels_last") else call.row.space)
    if place < 0:
        raise call.refuse("takes several positions of the streamed axis for one, which is no axis of space to it")
    stride = call.node.attrs["strides"][place]
    if "auto_pad" in attrs and attrs["auto_pad"].s.startswith(b"SAME") and stride > 1:
        raise call.refuse(
            "pads SAME with a stride along the streamed axis: where it begins depends on the length of the whole",
            "export it with padding in numbers",
        )
    if "other_pads" in call.node.attrs:
        raise call.refuse("pads SAME otherwise than the specification says", "export it with padding in numbers")
    if len([name for name in call.node.outputs if name in call.readings]) > 1:
        raise call.refuse("gives positions in the whole (Indices)", "")
    begin, end = pads[place], pads[len(pads) // 2 + place]
    if "ceil_mode" in attrs and attrs["ceil_mode"].i:
        end += _rounded_up(call, stride, end)
    if _uncounted(call, begin + end) and call.row.zero_point is not None:
        raise call.refuse(
            "takes the mean of frames that there are, and rounds it", "export it with count_include_pad=1, or as QDQ"
        )
    return place, begin, end


def _rounded_up(call: Call, stride: int, end: int) -> int:
    """What `ceil_mode` adds behind the end, at most: the last window may lie over frames that nobody padded, as if they were.

    Raises:
        Refused: it may lie beyond all, and is left out then; or these frames are counted otherwise than padded ones.
    """
    span = call.reading.span if isinstance(call.reading, Slides) else 0
    if stride > 1 and (span < stride + end or (call.row.border == "uncounted" and not _uncounted(call, 1))):
        raise call.refuse(
            "rounds its length up along the streamed axis (ceil_mode), over windows that may be left out, or means that count "
            "padding",
            "export it without ceil_mode",
        )
    return stride - 1


def _uncounted(call: Call, padding: int) -> bool:
    """Whether a mean is taken over frames that there are."""
    return call.row.border == "uncounted" and padding > 0 and not call.node.attrs.get("count_include_pad", 0)


def _border(call: Call, begin: int, end: int) -> float:
    """What the operator takes for frames outside.

    Raises:
        Refused: nobody wrote down what.
    """
    border = call.row.border
    if not (begin or end):
        return 0.0
    if call.row.zero_point is not None:
        zero = call.zero_point()
        if zero is None:
            raise call.refuse("pads with a zero point that is no constant", "quantise it statically")
        return zero
    if border in ("zero", "uncounted"):
        return 0.0
    if border == "lowest":
        dtype = np.dtype(call.flow.value.dtype)
        return float("-inf") if dtype.kind == "f" else float(np.iinfo(dtype).min)
    found: Refused = call.refuse(f"pads the streamed axis, and there is no rule for that ({border})")
    raise found


def _quantised_alike(call: Call, flow: Flow) -> bool:
    """Whether the node before it makes of 0 what this one takes for 0: both have one zero point, which is computed."""
    stored, index = flow.stored, call.row.zero_point
    if stored is None or stored.made is not None or index is None:
        return False
    return list(stored.node.input[2:3]) == list(call.node.inputs[index : index + 1])


def _counted(call: Call, made: Flow, flow: Flow, cache: int, needed: int) -> Flow:
    """The mean over frames that there are: that with zeros in the place of the others, by the share of those that there are."""
    writer, reading = call.writer, call.reading
    assert isinstance(reading, Slides)
    emit = writer.emit
    ones = writer.inside(flow, cache).cast(made.value.dtype).slice(0, 0, needed).reshape([1, 1, -1])
    window = {"kernel_shape": [reading.kernel], "strides": [reading.stride]}
    dilated = {"dilations": [reading.dilation]} if reading.dilation > 1 else {}
    (share,) = emit.many("AveragePool", [ones], [made.value.dtype], "", **window, **dilated)
    rest = [1] * (len(made.shape) - made.axis - 1)
    value: Value = made.value / share.reshape([-1, *rest])
    return Flow(value, made.shape, made.axis, made.delay, made.length)

"""Sums, means and extremes of all frames: they are carried along, and right when the last frame has come."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.rules.carried import named


def together(call: Call) -> list[Flow | None]:
    """What the operator makes of a chunk is added to that of all before, or compared with it. Frames outside do not count.

    A mean is the sum of means over other axes, one for each frame, by the number of frames so far. Chunks are summed in double
    precision: there are as many of them as come.
    """
    writer, emit, statistic = call.writer, call.writer.emit, call.row.statistic
    extreme = statistic in ("max", "min")
    if extreme and call.flow.value.dtype == "bool":
        raise call.refuse("takes the largest or the smallest of bools", "cast them to numbers before it")
    border = _lowest(call.flow.value.dtype, statistic) if extreme else 0.0
    flow = writer.masked(writer.settled(call.flow), border, start=True, end=True)
    own = call.emit([flow.value, *(call.constant(index) for index in range(1, len(call.node.inputs)))], {})
    dtype = "float64" if "float" in own.dtype and not extreme else own.dtype
    meaning = f"what {call.node.kind} makes of '{call.operand}' so far"
    state = writer.state("together", call.shape(call.output, -1, 1), dtype, border, meaning)
    chunk = own.cast(dtype)
    if extreme:
        state.following = emit("Max" if statistic == "max" else "Min", state.value, chunk)
    else:
        state.following = state.value + (chunk * float(flow.frames) if statistic == "mean" else chunk)
    made: Value = state.following
    if statistic == "mean":
        made = made / _so_far(call, flow).cast(dtype)
    writer.lengths.close(flow)
    named(call, made.cast(own.dtype), call.output)
    return [None] * len(call.node.outputs)


def _so_far(call: Call, flow: Flow) -> Value:
    """Frames that have come; 1 where there is none yet."""
    writer, emit = call.writer, call.writer.emit
    come = writer.position * flow.frames + (flow.frames - flow.delay)
    return emit("Max", emit("Min", come, writer.lengths.given(flow.length)), emit.scalar(1, "int64"))


def _lowest(dtype: str, statistic: str) -> float:
    """What no maximum, or no minimum, looks at."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return float("-inf" if statistic == "max" else "inf")
    return float(np.iinfo(kind).min if statistic == "max" else np.iinfo(kind).max)

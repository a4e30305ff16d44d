"""Frames of its own that a tensor adds at its ends, picked where they are read: nothing is written twice, and nothing waits but
for mirrored frames that have not come yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.branches import Passed
from rfonnx.streaming.flow import Bend, Flow
from rfonnx.streaming.masks import Asked
from rfonnx.streaming.waits import Wait
from rfonnx.streaming.writer import Writer


def gathered(writer: Writer, flow: Flow, span: int, stride: int) -> tuple[Value, int]:
    """What windows over a bent flow read in a chunk, and how late they are.

    Window o lies over frames `o s .. o s + K - 1` of the longer tensor. As number `o + D` of the stream it is made with the chunk
    in which that comes, so that all its frames, mirrored ones too, must have come by then: with the operand's delay d and c
    frames of the operand in a chunk, `D = max over o of c / s floor((need(o) + d) / c) - o`, and no less than 0.

    Args:
        flow: with a bend.
        span, stride: K and s, in frames.

    Returns:
        `(c / s - 1) s + K` frames, in order; and D.
    """
    bend = flow.bend
    assert bend is not None
    late = flow.delay + bend.begin  # of the tensor without what is added
    delay = _delay(bend, flow.frames, late, span, stride)
    if delay > _delay(replace(bend, begin_mirrored=False), flow.frames, late, span, stride):
        writer.waits[Wait.MIRRORED] = None
    first = -delay * stride - bend.begin
    needed = (flow.frames // stride - 1) * stride + span
    plain = replace(flow, delay=late, length=bend.length, stored=None, bend=None)
    return picked(writer, plain, bend, first, needed, _turned_back(bend, span)), delay


def picked(writer: Writer, flow: Flow, bend: Bend, first: int, count: int, further: int = 0) -> Value:
    """So many frames of a tensor, in order, as a bend says of those beyond its ends.

    Args:
        flow: without a bend.
        bend: of it.
        first: number of the first frame, in the first chunk.
        further: frames before it that mirrored ones may be.
    """
    emit, back = writer.emit, max(0, -flow.delay - first) + further
    joined = writer.cached(flow, back, 0.0, f"frames of {flow.frames} that are read again, or at an end")
    places = _bent(writer, bend, writer.places(flow.frames, first, count))
    inside = places - (writer.position * flow.frames - (flow.delay + back))
    made = emit("Gather", joined, writer.clamped(inside, back + flow.frames), axis=flow.axis)
    asked = Asked(flow.frames, first, count, bend.begin > 0, bend.length if bend.end else None)
    unbent = np.arange(count) + (first + flow.delay + back)
    middle = np.minimum(unbent, back + flow.frames - 1)  # some are not wanted, and did not come yet
    writer.passes(made, asked, Passed(joined.name, flow.axis, tuple(middle.tolist())))
    return made


def straight(writer: Writer, flow: Flow) -> Flow:
    """With its added frames in the stream."""
    if flow.bend is None:
        return flow
    writer.waits[Wait.BENT] = None
    value, delay = gathered(writer, flow, 1, 1)
    return replace(flow, value=value, delay=delay, before=None, after=None, stored=None, bend=None)


class Seen(Mapping[str, Flow]):
    """Flows as rules see them that do not know all: without bends (`straight`), or without frames in front that are told by
    another flow alone (`Writer.told`). Each is changed once, and when it is asked for."""

    def __init__(self, writer: Writer, flows: Mapping[str, Flow], change: Callable[[Writer, Flow], Flow]) -> None:
        self._writer = writer
        self._flows = flows
        self._change = change
        self._made: dict[Flow, Flow] = {}

    def __getitem__(self, name: str) -> Flow:
        flow = self._flows[name]
        if flow not in self._made:
            made = self._made[flow] = self._change(self._writer, flow)
            if made.bend != flow.bend:
                self._writer.stands(name, self._made[flow])
        return self._made[flow]

    def __iter__(self) -> Iterator[str]:
        return iter(self._flows)

    def __len__(self) -> int:
        return len(self._flows)


def _delay(bend: Bend, frames: int, late: int, span: int, stride: int) -> int:
    """D of `gathered`: over the windows of the beginning and one chunk more, behind which it repeats."""
    made = frames // stride
    o = np.arange(bend.begin // stride + 2 * made + 2)
    newest = o * stride - bend.begin + span - 1
    turned = bend.begin - o * stride if bend.begin_mirrored else np.zeros_like(o)
    return delay_of(np.maximum(newest, turned) + late, frames, made)


def delay_of(needed: np.ndarray, frames: int, made: int) -> int:
    """The least delay of outputs 0, 1, ..., each of which needs the stream of its operand up to a frame.

    Args:
        needed: number of that frame in the stream, by output.
        frames, made: of the operand, and of the outputs, in a chunk. What comes in one chunk is there together.
    """
    return max(0, int((made * (needed // frames) - np.arange(len(needed))).max()))


def _turned_back(bend: Bend, span: int) -> int:
    """Frames before the first of a window that its mirrored last ones may lie."""
    return max(0, (2 if bend.end_mirrored else 1) * bend.end - (span - 1))


def _bent(writer: Writer, bend: Bend, places: Value) -> Value:
    """Numbers of frames of the tensor without what is added. The end comes first: it may mirror what the beginning adds."""
    emit = writer.emit
    if bend.end:
        last = writer.lengths.given(bend.length) - 1
        places = last - emit("Abs", last - places) if bend.end_mirrored else emit("Min", places, last)
    if bend.begin:
        places = emit("Abs", places) if bend.begin_mirrored else emit("Max", places, emit.scalar(0, "int64"))
    return places

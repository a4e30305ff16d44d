"""The streaming graph as it is written: states, delays, and masks that put a border's value where there is no frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Length, StreamState
from rfonnx.streaming.branches import PREFIX, Middle, Passed
from rfonnx.streaming.flow import Flow, Stored, Twin
from rfonnx.streaming.lengths import Lengths
from rfonnx.streaming.masks import Asked, Masks
from rfonnx.streaming.states import Cache, State, described, first_value
from rfonnx.streaming.waits import Wait


class Writer:
    """Collects nodes and states.

    Attributes:
        emit: the nodes.
        chunk: frames of the input.
        states: the position, in chunks, comes first.
        lengths: what the host says of them, and what is asked of it.
        masks: selections that were written.
        kept: constants of the file whose nodes were written as they are.
        waits: why it may be later than the least delay.
        twins: tensors that stand for offline ones, by name, delay and length: one may stand for a tensor and for its padded twin.
    """

    def __init__(self, opset: int, taken: Iterable[str], chunk: int) -> None:
        self.emit = Emitter(opset, taken, PREFIX)
        self.chunk = chunk
        self.states: list[State] = []
        self.masks = 0
        self.kept: set[str] = set()
        self.twins: dict[tuple[str, int, Length], Twin] = {}
        self.waits: dict[Wait, None] = {}
        self._passed: dict[str, tuple[Asked, Passed]] = {}
        self._caches: dict[tuple[str, int], list[Cache]] = {}
        self._masked: dict[tuple[Flow, float, bool, bool], Flow] = {}
        self._delayed: dict[tuple[Flow, int], Flow] = {}
        self._masks = Masks(self.emit)
        self._spread: dict[tuple[str, int], Value] = {}
        self.position = self.state("position", (), "int64", 0, "chunks so far").value
        self.states[0].following = self.position + 1
        self.lengths = Lengths(self.emit, self.position)

    def state(
        self, label: str, shape: tuple[int, ...], dtype: str, initial: Any, meaning: str, name: str = ""
    ) -> State:
        """A new state; who asks for it sets what it becomes. `name`: of an input of the file that is one already."""
        made = State(Value(self.emit, name or self.emit.unique(label), dtype), shape, initial, meaning)
        self.states.append(made)
        return made

    def copy(self, node: NodeProto, inputs: Iterable[str], outputs: Iterable[str]) -> None:
        """A node of the file with other inputs and outputs."""
        made = NodeProto()
        made.CopyFrom(node)
        del made.input[:], made.output[:]
        made.input.extend(inputs)
        made.output.extend(outputs)
        self.emit.nodes.append(made)

    def named(self, node: NodeProto, output: int = 0) -> str:
        """A new name like that of a node's output."""
        return self.emit.unique(node.op_type + (str(output) if output else ""))

    def cached(self, flow: Flow, frames: int, border: float | None, meaning: str) -> Value:
        """A chunk with the last `frames` before it; before the stream began these hold `flow.before` from frame 0 on, and the
        border before that."""
        if not frames:
            return flow.value
        if flow.stored and border == flow.stored.made:
            bits = self.cached(flow.stored.flow, frames, flow.stored.zero, meaning)
            return self._real(flow.stored, bits, flow.value.dtype)
        assert border is not None
        cache = self._cache(flow, frames, border, meaning)
        start = cache.frames - frames
        return cache.joined.slice(flow.axis, start, cache.frames + flow.frames) if start else cache.joined

    def _cache(self, flow: Flow, frames: int, border: float, meaning: str) -> Cache:
        """One that holds so many frames or more: of all that read a tensor, the first that reads back farthest has the state."""
        begun = _begun(flow, frames, border)
        made = self._caches.setdefault((flow.value.name, flow.axis), [])
        for cache in made:
            if cache.frames >= frames and np.array_equal(cache.begun[cache.frames - frames :], begun):
                return cache
        state = self.state("cache", flow.with_frames(frames), flow.value.dtype, 0.0, meaning)
        state.initial = first_value(begun, flow.axis, len(flow.shape))
        joined = self.emit.concat([state.value, flow.value], flow.axis)
        state.following = joined.slice(flow.axis, flow.frames, frames + flow.frames)
        made.append(Cache(frames, begun, joined))
        return made[-1]

    def later(self, flow: Flow, delay: int) -> Flow:
        """The same frames with a larger delay, which is no less than 0."""
        more = delay - flow.delay
        assert more >= 0
        if not more:
            return flow
        key = flow, delay
        if key not in self._delayed and flow.stored:
            nothing = flow.before is None and flow.delay == 0
            bits = replace(flow.stored.flow, before=flow.stored.zero) if nothing else flow.stored.flow
            made = replace(flow, before=flow.stored.made) if nothing else flow
            self._delayed[key] = self._over(made, self.later(bits, delay))
        if key not in self._delayed:
            fill = flow.before if flow.before is not None else 0.0
            known = fill if flow.before is not None or flow.delay == 0 or flow.led else None
            cache = self._cache(flow, more, fill, f"delay of {more} frames")
            start = cache.frames - more
            held = cache.joined.slice(flow.axis, start, start + flow.frames)
            led = flow.led if delay < 0 else None
            self._delayed[key] = replace(flow, value=held, delay=delay, before=None if led else known, led=led)
            self._stands_too(self._delayed[key], flow)
        return self._delayed[key]

    def settled(self, flow: Flow) -> Flow:
        """With a delay that is not negative."""
        return self.wait(flow, 0, Wait.GIVEN if flow.led else Wait.BEFORE)

    def told(self, flow: Flow) -> Flow:
        """Where it begins after its first frame, with a number that stands there in its own tensor, or not so. What is bent has
        its own frames there."""
        return self.settled(flow) if flow.before is None and flow.delay < 0 and flow.bend is None else flow

    def told_or_led(self, flow: Flow) -> Flow:
        """The same, of who knows of constant frames before the stream begins."""
        return flow if flow.led else self.told(flow)

    def wait(self, flow: Flow, delay: int, why: Wait) -> Flow:
        """With that delay at least, where what outputs see may not ask for it."""
        if delay > flow.delay:
            self.waits[why] = None
        return self.later(flow, max(flow.delay, delay))

    def closed(self, flow: Flow) -> Flow:
        """So late that of every frame it is known whether the offline tensor has it."""
        return self.wait(flow, flow.delay + self.slack(flow), Wait.CROPPED)

    def slack(self, flow: Flow) -> int:
        """Frames of a chunk's end of which it is not known yet whether the offline tensor will have them."""
        return max(0, flow.frames - flow.delay - flow.length(self.chunk))

    def masked(self, flow: Flow, border: float | None, start: bool, end: bool, wait: bool = True) -> Flow:
        """With the border's value in the place of frames before 0 and after the last, as far as asked for.

        `wait`: until it is known of every frame whether it is one of the last; else those stay that the input has frames for.
        """
        if flow.stored and border == flow.stored.made:
            zero, bits = flow.stored.zero, self.masked(flow.stored.flow, flow.stored.zero, start, end, wait)
            before, after = (border if number == zero else None for number in (bits.before, bits.after))
            return replace(self._over(flow, bits), before=before, after=after)
        assert border is not None
        end = end and flow.after != border
        if end and wait:
            flow = self.closed(flow)
        start = start and flow.delay > 0 and flow.before != border
        if not (start or end):
            return flow
        key = flow, border, start, end
        if key not in self._masked:
            self._masked[key] = self._with_borders(*key)
        return self._masked[key]

    def _with_borders(self, flow: Flow, border: float, start: bool, end: bool) -> Flow:
        """See `masked`."""
        asked = Asked(flow.frames, -flow.delay, flow.frames, start, flow.length if end else None)
        value = self.selected(asked, flow, self.emit.scalar(border, flow.value.dtype))
        after = border if end and not self.slack(flow) else None if end else flow.after
        made = replace(flow, value=value, before=border if start else flow.before, after=after)
        self._stands_too(made, flow)
        return made

    def selected(self, asked: Asked, flow: Flow, other: Value) -> Value:
        """A chunk, with other values where a frame that is asked for is none."""
        there = self.along(self._masks.there(asked), len(flow.shape) - flow.axis - 1)
        made = self.emit("Where", there, flow.value, other, dtype=flow.value.dtype)
        self.passes(made, asked, Passed(flow.value.name))
        return made

    def passes(self, made: Value, asked: Asked, passed: Passed) -> None:
        """Note a mask, and what it makes where all the frames are there that are asked for."""
        self.masks += 1
        self._passed[made.name] = asked, passed

    def along(self, there: Value, axes: int) -> Value:
        """A list of bools that lies along an axis with so many behind it."""
        if not axes:
            return there
        key = there.name, axes
        if key not in self._spread:
            self._spread[key] = there.reshape([-1, *[1] * axes])
        return self._spread[key]

    def stands(self, tensor: str, flow: Flow) -> None:
        """Note which offline tensor a flow stands for."""
        self.twins[flow.value.name, flow.delay, flow.length] = Twin(tensor, flow)

    def _stands_too(self, made: Flow, flow: Flow) -> None:
        """The same frames, only later or masked."""
        known = self.twins.get((flow.value.name, flow.delay, flow.length))
        if known is not None:
            self.stands(known.tensor, made)

    def _over(self, flow: Flow, bits: Flow) -> Flow:
        """A flow that is made of other numbers than before."""
        assert flow.stored is not None
        if bits == flow.stored.flow:
            return flow
        value = self._real(flow.stored, bits.value, flow.value.dtype)
        made = replace(flow, value=value, delay=bits.delay, stored=replace(flow.stored, flow=bits))
        self._stands_too(made, flow)
        return made

    def _real(self, stored: Stored, bits: Value, dtype: str) -> Value:
        """Numbers in few bits as real ones."""
        made = self.emit.unique(stored.node.op_type)
        self.copy(stored.node, [bits.name, *stored.node.input[1:]], [made])
        self.emit.nodes[-1].name = made
        return Value(self.emit, made, dtype)

    def inside(self, flow: Flow, earlier: int = 0, start: bool = True, end: bool = True) -> Value:
        """Whether each frame of a chunk, and of `earlier` ones before it, is one of the offline tensor: a list of bools."""
        first = -earlier - flow.delay
        return self.there(flow.frames, first, earlier + flow.frames, start, flow.length if end else None)

    def places(self, frames: int, first: int, count: int) -> Value:
        """Numbers of frames of a tensor that has so many in a chunk; `first`: of the first one, in the first chunk. int64."""
        return self.position * frames + self.emit.constant(np.arange(first, first + count, dtype=np.int64))

    def clamped(self, places: Value, count: int) -> Value:
        """Numbers that are held from 0 to `count - 1`; int64."""
        last, none = self.emit.scalar(count - 1, "int64"), self.emit.scalar(0, "int64")
        return self.emit("Max", self.emit("Min", places, last), none)

    def there(self, frames: int, first: int, count: int, start: bool, end: Length | None) -> Value:
        """Whether each of so many frames is one of a tensor: a list of bools.

        Args:
            frames: of the tensor in a chunk.
            first: the number of the first frame, in the first chunk.
            count: how many follow.
            start: frames before 0 are not.
            end: the tensor's length; None: frames behind it are not looked at.
        """
        return self._masks.there(Asked(frames, first, count, start, end))

    def finish(self) -> None:
        """Write what is written once for all."""
        self._masks.write(self.position, self.lengths)

    def middle(self) -> Middle:
        """What is known where every frame is there."""
        asked = dict.fromkeys([*self._masks.asked, *(asked for asked, _ in self._passed.values())])
        return Middle(
            list(asked),
            {value.name: one.count for one, value in self._masks.asked.items()},
            {name: passed for name, (_, passed) in self._passed.items()},
        )

    def described(self) -> list[StreamState]:
        """All states, as plain data."""
        return [described(state) for state in self.states]


def _begun(flow: Flow, frames: int, border: float) -> np.ndarray:
    """What so many frames before the stream began hold at first; see `Cache.begun`."""
    places = np.arange(-frames, 0) - flow.delay
    if flow.led is None:
        return np.where(places >= 0, border if flow.before is None else flow.before, border)
    found = np.full((frames, *flow.led.frames.shape[1:]), border, flow.led.frames.dtype)
    found[places >= 0] = flow.led.frames[places[places >= 0]]
    return found


THROUGH = {"bool": "uint8", "int16": "int32", "uint16": "int32", "uint64": "int64", "bfloat16": "float32"}
"""onnxruntime has no `Where` of these; through the others nothing is lost."""


def chosen(emit: Emitter, there: Value, value: Value, other: Value) -> Value:
    """One value where the condition holds, else the other one; of any type."""
    through = THROUGH.get(value.dtype, value.dtype)
    picked = emit("Where", there, value.cast(through), other.cast(through), dtype=through)
    return picked.cast(value.dtype)

"""How many frames tensors have: what the host says at the end, and what operators ask of it."""

from __future__ import annotations

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Closing, Length
from rfonnx.streaming.flow import Flow


class Lengths:
    """The lengths of a stream's tensors, by length of the input.

    Attributes:
        ends: those that the host gives, by entry of the input `value`.
        value: that input.
        fewest: the least that some may be, where operators ask for more than one frame.
        longest: the most frames that tensors have: a table by position ends there, a crop, or what is padded.
        closings: what recurrences go through whose last states are wanted.
    """

    def __init__(self, emit: Emitter, position: Value) -> None:
        self.ends: list[Length] = []
        self.value = Value(emit, emit.unique("ends"), "int64")
        self.fewest: dict[Length, int] = {}
        self.longest: dict[Length, int] = {}
        self.closings: dict[Closing, None] = {}
        self._emit, self._position = emit, position
        self._begun: dict[tuple[int, int, Length | None], tuple[Value, Value]] = {}

    def entry(self, length: Length) -> int:
        """Which of the lengths that the host gives it is; a new one, if need be."""
        if length not in self.ends:
            self.ends.append(length)
        return self.ends.index(length)

    def given(self, length: Length) -> Value:
        """The length of a tensor, as the host gives it."""
        return self._emit("Gather", self.value, self._emit.scalar(self.entry(length), "int64"), axis=0)

    def begun(self, flow: Flow, to_end: bool) -> tuple[Value, Value]:
        """Where in a chunk the first frame of the offline tensor stands, and how many there are from there on; int64.

        `to_end`: those behind its last one do not count.
        """
        key = flow.frames, flow.delay, flow.length if to_end else None
        if key not in self._begun:
            emit, none = self._emit, self._emit.scalar(0, "int64")
            whole = emit.scalar(flow.frames, "int64")
            past = self._position * flow.frames - flow.delay
            first = emit("Min", emit("Max", -past, none), whole)
            last = emit("Min", self.given(flow.length) - past, whole) if to_end else whole
            self._begun[key] = first, emit("Max", last - first, none)
        return self._begun[key]

    def at_least(self, length: Length, frames: int) -> None:
        """Note that an operator asks for so many frames of a tensor of that length."""
        self.fewest[length] = max(self.fewest.get(length, 1), frames)

    def at_most(self, length: Length, frames: int) -> None:
        """Note that a tensor of that length has no more frames than so many."""
        self.longest[length] = min(self.longest.get(length, frames), frames)

    def close(self, flow: Flow) -> None:
        """Note that what comes of a flow has to be seen to its last frame."""
        self.closings[Closing(flow.frames, flow.delay, flow.length)] = None

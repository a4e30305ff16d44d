"""A streaming model as plain data: what its manifest says, and what holding it against the offline model found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

MANIFEST_FORMAT = 4
"""The latest; a manifest that needs nothing newer is written as 1."""
METADATA = "rfonnx.stream"
"""The key of `metadata_props` under which a streaming model holds its manifest."""
ENDLESS = 2**50
"""The length of what has not ended, as hosts give it."""


@dataclass(frozen=True, slots=True)
class Length:
    """How many frames a tensor has when the input has `n`: steps `n -> (n * multiply + add) // divide`, one after another.

    Attributes:
        steps: (multiply, add, divide) each; none: as many as the input.
    """

    steps: tuple[tuple[int, int, int], ...] = ()

    def __call__(self, n: int) -> int:
        """The number of frames.

        >>> Length(((1, -1, 2),))(9)
        4
        """
        for multiply, add, divide in self.steps:
            n = (n * multiply + add) // divide
        return n

    @property
    def raised(self) -> bool:
        """Whether several frames were made of one."""
        return any(multiply > 1 for multiply, *_ in self.steps)

    @property
    def rate(self) -> Fraction:
        """Frames per frame of the input, of many."""
        return prod((Fraction(multiply, divide) for multiply, _, divide in self.steps), start=Fraction(1))

    @property
    def constant(self) -> bool:
        """Whether there are as many whatever comes."""
        return any(multiply == 0 for multiply, *_ in self.steps)

    def then(self, multiply: int, add: int, divide: int = 1) -> Length:
        """With one more step; steps that make one are joined.

        >>> Length().then(1, 2).then(1, -2)
        Length(steps=())
        >>> Length().then(1, 1, 2).then(1, 1, 2)
        Length(steps=((1, 3, 4),))
        """
        steps = self.steps
        if steps and steps[-1][2] == 1:  # (m n + a) m' + a'
            first, plus, _ = steps[-1]
            multiply, add, steps = first * multiply, plus * multiply + add, steps[:-1]
        elif steps and multiply == 1:  # (x // d + a') // d' = (x + a' d) // (d d')
            first, plus, by = steps[-1]
            multiply, add, divide, steps = first, plus + add * by, by * divide, steps[:-1]
        return Length(steps if (multiply, add, divide) == (1, 0, 1) else (*steps, (multiply, add, divide)))


@dataclass(frozen=True, slots=True)
class StreamedInput:
    """An input that is streamed.

    Attributes:
        name: the file's.
        axis: its frames' axis.
        shape, dtype: of a chunk.
    """

    name: str
    axis: int
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class StreamedOutput:
    """An output of a streaming model.

    Attributes:
        name: the file's.
        axis: its frames' axis.
        frames: of a chunk.
        delay: frames that come before frame 0 of the offline output, and are not part of it.
        least: the least delay that any streaming in these chunks can have; None: not worked out.
        held: frames at the end of what was made so far that the model may turn out not to have.
        length: of the offline output, by the input's.
    """

    name: str
    axis: int
    frames: int
    delay: int
    least: int | None
    held: int
    length: Length


@dataclass(frozen=True, slots=True)
class Closing:
    """When a recurrence has taken its last frame: after r runs with `r * frames - delay >= length`.

    Attributes:
        frames: of a chunk of what it goes through.
        delay: of it.
        length: of the offline tensor, by the input's.
    """

    frames: int
    delay: int
    length: Length


@dataclass(frozen=True, slots=True)
class StreamState:
    """What a streaming model carries from one chunk to the next.

    Attributes:
        input, output: names of the model's input and output that hold it.
        shape, dtype: numpy's.
        initial: what it holds at first: a number, or nested lists of numbers; None: what the host gives the model's input of that
            name.
        meaning: in words, with the tensor that it belongs to.
    """

    input: str
    output: str
    shape: tuple[int, ...]
    dtype: str
    initial: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class StreamPack:
    """States of one type in one tensor: each flat, its last axis the fastest, one behind the other.

    Attributes:
        input, output: names of the model's input and output that hold it.
        dtype: of all.
        size: numbers in it.
        states: the names of the states, as `StreamState.input` has them, in order.
    """

    input: str
    output: str
    dtype: str
    size: int
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamStatistic:
    """What the offline model takes of all frames together, and the host gives: the same for every run of a stream.

    Attributes:
        input: name of the model's input that holds it.
        node: name of the file's node that takes it; "": it has none.
        tensor: of the file: what becomes an input; or what the node makes, where that is a norm.
        meaning: in words, with the tensor that it is taken of.
        shape, dtype: numpy's.
    """

    input: str
    node: str
    tensor: str
    meaning: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is needed to run a streaming model.

    Attributes:
        model, sha256: name and checksum of the offline file ("" where it was no file).
        input, axis, chunk: what is streamed, and how many frames of it a run takes.
        unit: chunks are multiples of it.
        shape, dtype: of a chunk.
        others: inputs that are given whole to every run.
        outputs: in the order of the file.
        states: all of them; the position is the first, in chunks.
        ends_input: name of the input that says where tensors end, "" where none has to know; by entry of it the length.
        ends: see there.
        shortest: the fewest frames that the offline model takes.
        sees: frames of the input from the first to the last that one output frame sees; of what sees all before it, as many as
            there were where the model was looked at.
        fixed: the one length of which all this is known; 0: of any.
        assumptions: a line each: what the file does not tell.
        beside: further inputs that are streamed, as many frames at a time as the first.
        finals: outputs without frames, such as last states: those of the run after the last frame, and of all runs behind it.
        closings: all of them are over when `finals` are right.
        longest: the most frames of the input: tables by position end there; 0: as many as come.
        cache: what was changed: keys that a query sees of attention that sees all before it in the file; 0: nothing.
        unchanged: with a cache, the most frames of the input of which all is as in the file.
        differs: with a steady start, by output, how many of its first frames may be other than the file's; -1: all.
        packs: tensors that hold several states, whose names are not those of inputs and outputs then.
        statistics: what is given of the whole, in the place of what the file takes of all its frames. With that of other frames
            the stream is not what the file makes of these.
    """

    model: str
    sha256: str
    input: str
    axis: int
    chunk: int
    unit: int
    shape: tuple[int, ...]
    dtype: str
    others: tuple[str, ...]
    outputs: tuple[StreamedOutput, ...]
    states: tuple[StreamState, ...]
    ends_input: str
    ends: tuple[Length, ...]
    shortest: int
    sees: int
    fixed: int
    assumptions: tuple[str, ...]
    beside: tuple[StreamedInput, ...] = ()
    finals: tuple[str, ...] = ()
    closings: tuple[Closing, ...] = ()
    longest: int = 0
    cache: int = 0
    unchanged: int = 0
    differs: Mapping[str, int] = field(default_factory=dict)
    packs: tuple[StreamPack, ...] = ()
    statistics: tuple[StreamStatistic, ...] = ()

    @property
    def inputs(self) -> tuple[StreamedInput, ...]:
        """All inputs that are streamed."""
        return (StreamedInput(self.input, self.axis, self.shape, self.dtype), *self.beside)

    @property
    def flows(self) -> tuple[StreamedOutput | Closing, ...]:
        """All that has to be run to its end."""
        return (*self.outputs, *self.closings)

    @property
    def given(self) -> tuple[str, ...]:
        """Inputs that the host gives when it begins: first states, and what is given to every run."""
        return (*self.others, *(state.input for state in self.states if state.initial is None))

    def rate(self, output: StreamedOutput) -> Fraction:
        """Frames of an output per frame of the input."""
        return Fraction(output.frames, self.chunk)

"""A streaming model as plain data: what its manifest says, and what holding it against the offline model found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

MANIFEST_FORMAT = 3
"""The latest; a manifest that needs nothing newer is written as 1."""
METADATA = "rfonnx.stream"
"""The key of `metadata_props` under which a streaming model holds its manifest."""


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


SPARED = "left out: those before it took long enough"
"""Why a length was not run that could have been."""


@dataclass(frozen=True, slots=True)
class StreamRun:
    """One input that was streamed and run as a whole.

    Attributes:
        chunk, length: of the input, in frames.
        errors: by output: the largest difference, and the largest value of the offline run.
        missing: by output, where there were other than the offline run's: frames streamed, and expected.
        skipped: why nothing was run; "".
        untouched: of a stream with a cache: held against the file as it is, as far as both are the same, and not against the
            model with that cache.
    """

    chunk: int
    length: int
    errors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    missing: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    skipped: str = ""
    untouched: bool = False


@dataclass(frozen=True, slots=True)
class StreamStructure:
    """What the tensors of a stream see, held against what the offline model's see: no weight is in it.

    Attributes:
        chunk, length: of the input, in frames.
        copies: of the streaming model, chained by their states.
        tensors: of the offline model, which were compared.
        frames: of them together.
        loose: those that were not compared, for what they see is known as "at most" alone.
        differences: a line for each of the first tensors that see something else.
        skipped: why nothing was compared; "".
    """

    chunk: int
    length: int = 0
    copies: int = 0
    tensors: int = 0
    frames: int = 0
    loose: int = 0
    differences: tuple[str, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class StreamVerification:
    """A streaming model held against the offline one.

    Attributes:
        name: of the streaming model.
        runs: all that was run.
        tolerance: the largest difference that counts as rounding, as a share of the largest value.
        structure: what its tensors see.
        cache, differs: as in the manifest.
    """

    name: str
    runs: tuple[StreamRun, ...]
    tolerance: float
    structure: StreamStructure | None = None
    cache: int = 0
    differs: Mapping[str, int] = field(default_factory=dict)

    @property
    def worst(self) -> float:
        """The largest difference, as a share of the largest value of its run."""
        return max((share(*pair) for run in self.runs for pair in run.errors.values()), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether something was run, every frame was there, none differed by more than rounding, and no tensor sees anything else
        than the offline model's."""
        ran = [run for run in self.runs if not run.skipped]
        sees_other = self.structure is not None and bool(self.structure.differences)
        as_given = self.cache > 0 or any(first >= 0 for first in self.differs.values())
        both = {run.untouched for run in ran} == {False, as_given}
        return both and not any(run.missing for run in ran) and self.worst <= self.tolerance and not sees_other


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """A stream as it is shown.

    Attributes:
        manifest: all there is to say of it.
        masks: selections in it.
        found: what verifying it showed; None: it was only planned.
        written: the file; "": none.
        keys: entries of its `metadata_props` beside the manifest.
    """

    manifest: Manifest
    masks: int
    found: StreamVerification | None
    written: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamOutlook:
    """Whether a model can be streamed along an axis of an input.

    Attributes:
        input, axis: the input, and its axis of frames.
        unit: chunks are multiples of it; 0: it cannot be streamed.
        delays: by output in frames of its own, and the same in frames of the input.
        reason: why it cannot be streamed; "".
    """

    input: str
    axis: int
    unit: int
    delays: Mapping[str, tuple[int, float]]
    reason: str


def share(error: float, largest: float) -> float:
    """A difference as a share of the largest value; not finite where it is not."""
    return error / largest if largest else error

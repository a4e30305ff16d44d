"""What holding a stream against its offline model found, and what is shown of a stream, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rfonnx.results.streaming import Manifest

SPARED = "left out: those before it took long enough"
"""Why a length was not run that could have been."""


@dataclass(frozen=True, slots=True)
class StreamRun:
    """One input that was streamed and run as a whole.

    Attributes:
        chunk, length: of the input, in frames.
        errors: by output: the largest difference, and the largest value of the offline run; of a sum of all frames that differs
            by more than rounding, the largest that it would have if all that is summed had one sign.
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
        statistics: how many the stream is given: those of the offline model, measured in each run.
    """

    name: str
    runs: tuple[StreamRun, ...]
    tolerance: float
    structure: StreamStructure | None = None
    cache: int = 0
    differs: Mapping[str, int] = field(default_factory=dict)
    statistics: int = 0

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
        waits: why it may be later than the least delay.
    """

    manifest: Manifest
    masks: int
    found: StreamVerification | None
    written: str
    keys: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


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

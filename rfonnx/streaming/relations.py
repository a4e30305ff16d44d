"""How frames of one tensor read those of another: relations between two axes of frames."""

from __future__ import annotations

from dataclasses import dataclass, field

from rfonnx.streaming.bands import Attends


@dataclass(frozen=True, slots=True)
class Same:
    """Frame o reads frame o.

    Attributes:
        gaps: some, by their number, read nothing.
    """

    gaps: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Taps:
    """A kernel's taps along time."""

    kernel: int
    stride: int
    dilation: int
    pad: int

    @property
    def span(self) -> int:
        """Frames from the first tap to the last: of what one output reads, or of what one input reaches."""
        return (self.kernel - 1) * self.dilation + 1


@dataclass(frozen=True, slots=True)
class Slides(Taps):
    """Frame o reads `o*stride - pad + t*dilation` for `0 <= t < kernel`."""


@dataclass(frozen=True, slots=True)
class Spreads(Taps):
    """Frame o reads every i with `o = i*stride - pad + t*dilation`, `0 <= t < kernel`."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Frame o reads the one frame `o // period * shift + offsets[o % period]`; the period is the length of `offsets`."""

    shift: int
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bends:
    """Frame o reads frame `o - begin`; what lies beyond the ends is mirrored at the outermost frames, or is those frames."""

    begin: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Blends:
    """Frame o reads from `o // period * shift + firsts[o % period]` to the same of `lasts`; for frames beyond the ends it takes
    the outermost one. The period is the length of both."""

    shift: int
    firsts: tuple[int, ...]
    lasts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Runs:
    """Frame o reads all frames up to o; `before`: not o itself."""

    before: bool = False


@dataclass(frozen=True, slots=True)
class Ends:
    """What has no frames reads all of them: it is there when the last has come.

    Attributes:
        reason: why it cannot be streamed where nothing carries it along, as the end of a sentence.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """No relation that can be streamed; why, as the end of a sentence."""

    reason: str


Reading = Same | Slides | Spreads | Moves | Bends | Blends | Runs | Attends | Ends
Found = tuple[int, Reading] | Blocked
"""The axis of frames of what reads, and the relation; of what has no frames, -1."""

LAST = "gives the last position of the streamed axis alone"
WHOLE = "takes all positions of the streamed axis together"

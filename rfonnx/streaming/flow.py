"""A tensor whose frames come in chunks: how many, how late, and what is known of frames that the offline tensor does not have."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto

from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Length


@dataclass(frozen=True, slots=True)
class Bend:
    """A tensor with frames added at its ends that are its own: the outermost one repeated, or those beside it mirrored.

    Attributes:
        begin, end: how many.
        begin_mirrored, end_mirrored: else repeated.
        length: of the tensor without them.
    """

    begin: int
    end: int
    begin_mirrored: bool
    end_mirrored: bool
    length: Length


@dataclass(frozen=True, slots=True, eq=False)
class Led:
    """Constant frames that a tensor begins with, and its stream does not.

    Attributes:
        frames: frames 0, 1, ..., along the first axis; the others are those of the tensor, in order.
    """

    frames: np.ndarray


@dataclass(frozen=True, slots=True)
class Flow:
    """Frame s of the stream is frame s - delay of the offline tensor.

    Attributes:
        value: a chunk of it, in the graph that is written.
        shape: of a chunk.
        axis: of the frames.
        delay: in frames of its own; negative where the stream begins after the first frame, and all before is `before`.
        length: frames of the offline tensor, by the input's.
        before: the number that the stream holds in place of frames before 0, and in those that were before the stream began;
            None: anything, also what is no number.
        after: the same of frames from `length` on.
        stored: where a DequantizeLinear has just made it: what it was made of, as many frames as late.
        led: where the stream begins after the first frame, what those before are; None: `before`.
        bend: the frames that it adds are not in the stream yet: who reads them picks them among its own. None: it adds none.
    """

    value: Value
    shape: tuple[int, ...]
    axis: int
    delay: int
    length: Length
    before: float | None = None
    after: float | None = None
    stored: Stored | None = None
    bend: Bend | None = None
    led: Led | None = None

    @property
    def frames(self) -> int:
        """Frames of a chunk."""
        return self.shape[self.axis]

    def with_frames(self, frames: int) -> tuple[int, ...]:
        """The shape of another number of frames."""
        return (*self.shape[: self.axis], frames, *self.shape[self.axis + 1 :])


@dataclass(frozen=True, slots=True)
class Twin:
    """A tensor of the streaming model, and the offline tensor that it stands for.

    Attributes:
        tensor: the offline one's name.
        flow: the streaming one's.
    """

    tensor: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class Stored:
    """Numbers in front of a node that makes them real, or quantises them with a zero point that is computed. Caches and masks
    stand in front of it: they take few bytes, and runtimes find the node where they look for it; or there 0 is known.

    Attributes:
        flow: of the numbers.
        zero: which of them stands for 0.
        node: as it was written.
        made: the number that it makes of that; None: it is not known.
    """

    flow: Flow
    zero: float
    node: NodeProto = field(compare=False)
    made: float | None = 0.0

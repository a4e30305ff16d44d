"""How late a stream is, and what a chunk of it costs beside running the offline model again on the last frames."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timed:
    """Times of runs under onnxruntime, in milliseconds.

    Attributes:
        median, p90: half of the runs, and nine of ten, took no longer.
        runs: how many were timed.
    """

    median: float
    p90: float
    runs: int


@dataclass(frozen=True, slots=True)
class OutputLatency:
    """How late an output is for what it is computed of, however fast the machine is.

    Attributes:
        name: of the output.
        delay: in frames of its own.
        frames: of the input: a chunk has to be full, and the delay over.
        milliseconds: the same in time; null without a rate.
    """

    name: str
    delay: int
    frames: float
    milliseconds: float | None


@dataclass(frozen=True, slots=True)
class ChunkLatency:
    """One length of chunks.

    Attributes:
        chunk: frames of the input.
        outputs: how late each is.
        stream: the time of a chunk.
        window: the time of the offline model on the last `length` frames, which makes the same new frames; null: it was not run.
        length: frames of the input that it takes for that: what an output sees, and a chunk; or the past.
        reason: why it was not run; "".
        realtime: the stream's median as a share of the time that a chunk lasts; null without a rate.
    """

    chunk: int
    outputs: tuple[OutputLatency, ...]
    stream: Timed
    window: Timed | None
    length: int
    reason: str
    realtime: float | None

    @property
    def ratio(self) -> float | None:
        """How many times as long running the window again takes."""
        return None if self.window is None else self.window.median / self.stream.median


@dataclass(frozen=True, slots=True)
class StreamLatency:
    """A stream in several lengths of chunks.

    Attributes:
        model: its name.
        inputs: that are streamed.
        rate: frames of the input in a second; null: not given.
        unit: chunks are multiples of it.
        past: the model carries something from its first frame on, or counts positions: to make the same frames again, the whole
            past has to be run. So many frames of it were; 0: it carries nothing.
        fixed: the one length that the file takes; 0: any.
        threads: of onnxruntime; 0: as many as there are cores.
        chunks: one for each length.
    """

    model: str
    inputs: tuple[str, ...]
    rate: float | None
    unit: int
    past: int
    fixed: int
    threads: int
    chunks: tuple[ChunkLatency, ...]

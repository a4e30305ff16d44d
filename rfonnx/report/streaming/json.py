"""A stream, what running it showed, and what it costs, as JSON. Layout: `format` as in `rfonnx.results.plain`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Annotated, Any, TypedDict

import numpy as np

from rfonnx.report.data import as_json
from rfonnx.results.plain import plain
from rfonnx.results.stream_checks import StreamSummary, StreamVerification
from rfonnx.results.stream_latency import ChunkLatency, StreamLatency
from rfonnx.results.streaming import Manifest


class VerdictRow(TypedDict):
    """What running a stream beside the offline model showed: the JSON of `rfonnx stream verify`.

    Attributes:
        passed: something was run, and the stream is what the offline model makes, but for rounding.
        worst: the largest difference, as a share of the largest value of its run.
    """

    passed: bool
    worst: float


Held = Annotated[VerdictRow, StreamVerification]


class StreamRow(TypedDict):
    """A stream: the JSON of `rfonnx stream`.

    Attributes:
        manifest: all that is needed to run it; the file's own manifest says the same.
        exact: nothing about it is assumed, or was changed for the sake of delay.
        bytes: of all states together.
        masks: selections in the streaming model.
        waits: why its delays may be more than the least; none: they are the least.
        verified: what running it showed; null with `--dry-run`.
        written: the file; "": none.
    """

    manifest: Manifest
    exact: bool
    bytes: int
    masks: int
    waits: list[str]
    verified: Held | None
    written: str


class ChunkRow(TypedDict):
    """One length of chunks.

    Attributes:
        ratio: how many times as long running the offline model again takes; null where it was not run.
    """

    ratio: float | None


class LatencyRow(TypedDict):
    """How late a stream is, and what it costs: the JSON of `rfonnx stream latency`.

    Attributes:
        chunks: one for each length.
    """

    chunks: list[Annotated[ChunkRow, ChunkLatency]]


Latency = Annotated[LatencyRow, StreamLatency]


def stream_json(told: StreamSummary, rate: float | None = None) -> Iterator[str]:
    """The stream; delays are frames, whatever the rate."""
    manifest = told.manifest
    made: StreamRow = {
        "manifest": plain(manifest),
        "exact": not (manifest.assumptions or manifest.cache or manifest.differs or manifest.statistics),
        "bytes": sum(prod(one.shape) * np.dtype(one.dtype).itemsize for one in manifest.states),
        "masks": told.masks,
        "waits": list(told.waits),
        "verified": None if told.found is None else _verdict(told.found),
        "written": told.written,
    }
    return as_json(made)


def verification_json(found: StreamVerification) -> Iterator[str]:
    """The verdict, and all that was run."""
    return as_json(_verdict(found))


def _verdict(found: StreamVerification) -> Any:
    return plain({**plain(found), "passed": found.passed, "worst": found.worst})


def latency_json(found: StreamLatency) -> Iterator[str]:
    """All that was timed."""
    chunks = [{**plain(one), "ratio": one.ratio} for one in found.chunks]
    return as_json({**plain(found), "chunks": chunks})

"""The other way to run a model on what comes in chunks: the offline model, run again on the last frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rfonnx.analysis.analyze import analyze
from rfonnx.errors import RunError
from rfonnx.results.stream_checks import share
from rfonnx.results.streaming import Manifest, StreamedOutput
from rfonnx.streaming.figures import Run
from rfonnx.streaming.host import cut
from rfonnx.streaming.least import looked_at
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.model import Source
from rfonnx.streaming.offline import difference, drawn

PAST = 100
"""Chunks of the past that are run again, of a model that needs all of it."""

TRIED = 8
"""Lengths that are tried, each a unit longer: a U-Net takes multiples of its grid alone."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """What the offline model has to be run on to give the frames that a chunk gives.

    Attributes:
        length: frames of the input, the last that came; 0: there is no such length.
        whole: all that came, `length` of them, and not only what the new frames see.
        reason: why there is no such length; "".
    """

    length: int
    whole: bool
    reason: str = ""


def rerun(source: Source, stream: Stream, offline: Run, past: int, tolerance: float) -> Rerun:
    """The fewest frames, of those that are tried, of which the offline model makes the stream's newest ones. It was run on them.

    Args:
        source: of the stream.
        stream: the model in chunks.
        offline: the untouched model.
        past: frames that are run where all that came has to be, rounded up to chunks.
        tolerance: a difference that counts as rounding, as a share of the largest value.
    """
    manifest = stream.manifest
    reason = "the offline model does not make the newest frames of the last ones"
    for length, whole in _tried(source, manifest, past):
        if not whole and manifest.longest and length + 2 * manifest.chunk > manifest.longest:
            continue
        try:
            off = newest_differ(stream, offline, length, whole)
        except RunError:
            reason = "the offline model takes none of the lengths that were tried"
            continue
        if off <= tolerance:
            return Rerun(length, whole)
    return Rerun(0, False, reason)


def _tried(source: Source, manifest: Manifest, past: int) -> Iterator[tuple[int, bool]]:
    """Lengths, and whether they hold all that came."""
    unit, chunk = manifest.unit, manifest.chunk
    if manifest.fixed:
        yield manifest.fixed, True
        return
    seen = window(source, manifest)
    if seen:
        first = -(-max(seen, manifest.shortest) // unit)
        yield from ((unit * (first + more), False) for more in range(TRIED))
    chunks = -(-max(past, seen, manifest.shortest) // chunk)
    most = manifest.longest // chunk if manifest.longest else chunks + TRIED
    yield from ((chunk * min(chunks + more, most), True) for more in range(TRIED))


def window(source: Source, manifest: Manifest) -> int:
    """Frames of the input, up to the last that came, that hold all that new frames see, borders aside; 0: some see the first one,
    however many came."""
    analysis = analyze(source.ready, source.at(looked_at(source, manifest.chunk)))
    most = 0
    for output in manifest.outputs:
        shape = tuple(n or 0 for n in analysis.tensors[output.name].shape or ())
        places = np.arange(shape[output.axis]).reshape([-1 if i == output.axis else 1 for i in range(len(shape))])
        waited = output.delay + output.held
        comes = (np.maximum(places + waited, 0) // output.frames + 1) * manifest.chunk
        for name, axis in source.streamed.items():
            lo, hi = analysis.intervals(output.name, name, axis, clip=False)
            lo, hi = (np.moveaxis(np.broadcast_to(bound, shape), output.axis, 0) for bound in (lo, hi))
            if _carried(lo, hi):
                return 0
            late = np.moveaxis(np.broadcast_to(comes, shape), output.axis, 0)
            most = max(most, int(np.where(lo <= hi, late - lo, 0).max(initial=0)))
    return 0 if manifest.finals else max(most, manifest.chunk)


def _carried(lo: np.ndarray, hi: np.ndarray) -> bool:
    """Whether the first position that is seen does not move on with the last one, in the second half of the frames, which are
    along the first axis. That it moves half as far tells it from phases of a periodic field."""
    middle = lo.shape[0] // 2
    sees = (lo[middle] <= hi[middle]) & (lo[-1] <= hi[-1])
    return bool((sees & (2 * (lo[-1] - lo[middle]) < hi[-1] - hi[middle])).any())


def newest_differ(stream: Stream, offline: Run, length: int, whole: bool) -> float:
    """The largest difference between the frames that the stream's newest chunk gives and those of the offline model, run on the
    last frames, as a share of the largest value.

    Args:
        stream: run from its beginning.
        offline: the untouched model.
        length: frames that it is given.
        whole: these are all that came, from the first on; else some came before.

    Raises:
        RunError: the offline model does not take them.
    """
    manifest = stream.manifest
    chunk = manifest.chunk
    runs = max(1, length // chunk) if whole else -(-length // chunk) + 2
    came = max(length, runs * chunk)
    feeds = drawn(manifest, came)
    late = 0 if whole else came - length
    last = {one.name: cut(feeds[one.name], one.axis, late, came if not whole else length) for one in manifest.inputs}
    names = [one.name for one in manifest.outputs]
    every = [*names, *manifest.finals]
    again = dict(zip(every, offline(every, last | stream.others | stream.statistics), strict=True))
    stream.reset()
    given = dict.fromkeys(names, 0)
    for turn in range(runs):
        found = stream.push({one.name: _chunk(feeds, one.name, one.axis, turn, chunk) for one in manifest.inputs})
        for one in manifest.outputs:
            given[one.name] += found[one.name].shape[one.axis]
    return max(
        (_off(one, found[one.name], again[one.name], given[one.name], late, chunk) for one in manifest.outputs),
        default=0.0,
    )


def _off(one: StreamedOutput, found: np.ndarray, again: np.ndarray, given: int, late: int, chunk: int) -> float:
    """Of one output; `given`: frames of it that came so far, `late`: frames of the input that the offline model was not given."""
    count = found.shape[one.axis]
    end = given - late * one.frames // chunk
    same = cut(again, one.axis, max(0, end - count), max(0, end))
    return share(*difference(found, same)) if found.shape == same.shape else float("inf")


def _chunk(feeds: Mapping[str, np.ndarray], name: str, axis: int, turn: int, chunk: int) -> np.ndarray:
    return cut(feeds[name], axis, turn * chunk, (turn + 1) * chunk)

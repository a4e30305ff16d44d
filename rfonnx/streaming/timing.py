"""What a chunk costs, beside running the offline model again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from onnx import ModelProto

from rfonnx.comparing.cost.cost import percentile
from rfonnx.model import runtime
from rfonnx.model.apart import Apart
from rfonnx.model.opened import Opened
from rfonnx.results.stream_latency import ChunkLatency, OutputLatency, Timed
from rfonnx.results.streaming import ENDLESS, Manifest
from rfonnx.streaming.host import first_states, holders
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.model import Source
from rfonnx.streaming.offline import TOLERANCE, drawn, level_of
from rfonnx.streaming.rerun import Rerun, rerun

SECONDS = 1.0
"""How long each of the two is timed, about."""

TURNS = 5
"""So often they take turns, so that what else the machine does meets both. Each is run once in a turn, at least."""

WARM_UP = 3
"""Runs before those that are timed."""


def timed_chunk(
    source: Source,
    model: ModelProto,
    manifest: Manifest,
    others: Mapping[str, np.ndarray],
    statistics: Mapping[str, np.ndarray],
    past: int,
    rate: float | None,
    threads: int | None,
) -> tuple[ChunkLatency, Rerun]:
    """Time a streaming model, and what stands in its place without it.

    Args:
        source: of the stream.
        model, manifest: the stream.
        others: inputs that are not streamed.
        statistics: of all frames, which the stream is given, and what stands in its place, too.
        past: as of `rerun`.
        rate: frames of the input in a second.
        threads: as of `Opened.session`.

    Raises:
        ModelError, RunError: onnxruntime cannot load or run the stream.
    """
    held = Stream(model, others=others, statistics=statistics, level=level_of(model))
    offline, given = source.ready if source.statistics else source.offline, {**others, **statistics}
    tolerance = max(TOLERANCE.get(str(kind), 0.0) for kind in (*held.dtypes.values(), np.dtype(manifest.dtype)))
    with Apart(offline) as apart:
        again = rerun(source, held, apart.run, past, tolerance)
    runs = [stream_run(model, manifest, given, threads)]
    if again.length:
        session = offline.session(level="all", threads=threads)
        names = [*(one.name for one in manifest.outputs), *manifest.finals]
        feeds = drawn(manifest, again.length) | given
        runs.append(lambda: runtime.run(session, names, feeds, offline.label))
    found = timed(runs)
    return (
        ChunkLatency(
            chunk=manifest.chunk,
            outputs=tuple(_outputs(manifest, rate)),
            stream=found[0],
            window=found[1] if again.length else None,
            length=again.length,
            reason=again.reason,
            realtime=None if rate is None else found[0].median * rate / (1000 * manifest.chunk),
        ),
        again,
    )


def stream_run(
    model: ModelProto, manifest: Manifest, given: Mapping[str, np.ndarray], threads: int | None = None
) -> Callable[[], object]:
    """A function that runs the next chunk: states are carried on."""
    session = Opened(model).session(level="all", threads=threads)
    outputs = [one.name for one in session.get_outputs()]
    where = holders(manifest)
    feeds = drawn(manifest, manifest.chunk) | first_states(manifest, given) | dict(given)
    if manifest.ends_input:
        feeds[manifest.ends_input] = np.full(len(manifest.ends), ENDLESS, np.int64)

    def run() -> None:
        found = dict(zip(outputs, runtime.run(session, outputs, feeds, manifest.model), strict=True))
        feeds.update((name, found[output]) for name, output in where.items())

    return run


def timed(runs: Sequence[Callable[[], object]]) -> list[Timed]:
    """Each run as often as there is time for, in turns."""
    for run in runs:
        for _ in range(WARM_UP):
            run()
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(TURNS):
        for own, run in zip(times, runs, strict=True):
            begun = time.perf_counter()
            while True:
                before = time.perf_counter()
                run()
                after = time.perf_counter()
                own.append((after - before) * 1000)
                if after - begun > SECONDS / TURNS:
                    break
    return [Timed(percentile(own, 50), percentile(own, 90), len(own)) for own in times]


def _outputs(manifest: Manifest, rate: float | None) -> list[OutputLatency]:
    found = []
    for one in manifest.outputs:
        delay = one.delay + one.held
        frames = manifest.chunk + delay * manifest.chunk / one.frames
        found.append(OutputLatency(one.name, delay, frames, None if rate is None else 1000 * frames / rate))
    return found

"""A streaming model held against the offline one, by running both: at several lengths, from the first frame to the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from onnx import ModelProto

from rfonnx.errors import RunError
from rfonnx.model import runtime
from rfonnx.model.apart import Apart
from rfonnx.model.inputs import InputType, draw
from rfonnx.model.opened import Opened
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import operator
from rfonnx.results.stream_checks import SPARED, StreamRun, StreamVerification, share
from rfonnx.results.streaming import Manifest
from rfonnx.streaming.branches import nodes_of
from rfonnx.streaming.cancelling import Conditions
from rfonnx.streaming.figures import Run
from rfonnx.streaming.host import cut
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.model import Source

TOLERANCE = {"float16": 5e-3, "float32": 1e-5, "float64": 1e-12}
"""Largest differences that count as rounding, as shares of the largest value, by type of the outputs."""

FARTHEST = 50_000
"""Frames of a field that lengths are made for, at most."""

MEASURED = 8
"""Units of which statistics are measured, at least: that of a frame has no variance, and dividing by nothing but an epsilon makes
rounding some hundred times as large."""

SECONDS = 20.0
"""When so many are over, only one more length is run of each chunk."""


Measured = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""Statistics of a whole input, by the names of a stream's inputs."""


def within(offline: Opened) -> Run:
    """The model, run in this process: where it is known what it does."""
    return taking(offline, lambda names, feeds: runtime.run(offline.session(level="none"), names, feeds, offline.label))


def taking(model: Opened, run: Run) -> Run:
    """A run that is given more than the model has inputs: statistics, of a model that takes its own."""
    return lambda names, feeds: run(names, {name: feeds[name] for name in model.input_names if name in feeds})


def deadline() -> float:
    """`until` of what begins now."""
    return time.monotonic() + SECONDS


def level_of(model: ModelProto) -> runtime.Level:
    """How far onnxruntime may rewrite a streaming model that is verified: not at all where it computes on quantised numbers, for
    its fused operators round otherwise, and offline models are run without them."""
    return "none" if any(operator(kind_of(node)).quantised for node in nodes_of(model)) else "all"


def hold(
    offline: Run,
    stream: Stream,
    name: str,
    seed: int = 0,
    until: float | None = None,
    untouched: Run | None = None,
    measured: Measured | None = None,
    sums: Conditions | None = None,
) -> StreamVerification:
    """Run both on random input and compare all frames.

    Args:
        offline: the untouched model, its streamed axis open where the manifest does not say that it is fixed; of a stream with
            a cache, or a steady start, the model with that.
        stream: of it.
        name: what results call the stream.
        seed: of what is drawn.
        until: the time from which on no more than one length is run; None: never.
        untouched: of a stream with either, the model without: held against it as far as both are the same.
        measured: of a stream with statistics, gives the offline model's own.
        sums: how much of outputs without frames cancelled out; None: it is not asked, and they are held as they are.

    Raises:
        RunError: onnxruntime cannot run the stream.
        ModelError: it cannot load one of the two.
    """
    manifest = stream.manifest
    runs: list[StreamRun] = []
    fixed = manifest.fixed
    for further in (0, 64, 1024):
        wanted = (
            [fixed]
            if fixed
            else [min(length + further, manifest.longest or length + further) for length in lengths(manifest)]
        )
        for turn, length in enumerate(wanted):
            if until is not None and time.monotonic() > until and any(not run.skipped for run in runs):
                runs.append(StreamRun(manifest.chunk, length, skipped=SPARED))
            else:
                runs.append(_first(offline, stream, length, 1 if fixed else manifest.unit, seed + turn, measured, sums))
        if fixed or any(not run.skipped for run in runs):
            break  # else parts that no output needs may take longer inputs only
    if untouched is not None and (manifest.cache or set(manifest.differs.values()) != {-1}):
        few = (
            [manifest.unchanged, manifest.unchanged - manifest.unit // 2 - 1]
            if manifest.cache
            else lengths(manifest)[:2]
        )
        wanted = [fixed] if fixed else few
        wanted = sorted({max(length, manifest.shortest) for length in wanted})
        compared = [
            _first(untouched, stream, length, 1, seed, measured, sums, _same(manifest, length)) for length in wanted
        ]
        runs += [replace(run, untouched=True) for run in compared]
    return StreamVerification(
        name,
        tuple(sorted(runs, key=lambda run: run.length)),
        _tolerance(stream),
        None,
        manifest.cache,
        manifest.differs,
        len(manifest.statistics),
    )


def _same(manifest: Manifest, length: int) -> Mapping[str, range]:
    """By output, frames of so many of the input that are to be as in the untouched model: behind those that a steady start
    changes, and before a cache has no room for something."""
    found = {}
    for one in manifest.outputs:
        frames = one.length(length)
        if manifest.cache and length > manifest.unchanged:
            whole = manifest.unchanged // manifest.chunk
            frames = max(0, whole * one.frames - one.delay)
        first = manifest.differs.get(one.name, 0)
        found[one.name] = range(frames if first < 0 else first, frames)
    return found


def _first(
    offline: Run,
    stream: Stream,
    length: int,
    tried: int,
    seed: int,
    measured: Measured | None,
    sums: Conditions | None,
    same: Mapping[str, range] | None = None,
) -> StreamRun:
    """The run of the first length from `length` on, of as many as are tried, that the offline model takes. `same`: by output,
    which frames are compared; None: all."""
    for more in range(tried):
        feeds = drawn(stream.manifest, length + more, seed) | stream.others
        run = _compared(offline, stream, stream.manifest, feeds, length + more, measured, same)
        if sums is not None:
            run = _held_to_sums(run, stream, sums, feeds)
        if not run.skipped:
            break
    return run


def _held_to_sums(run: StreamRun, stream: Stream, sums: Conditions, feeds: Mapping[str, np.ndarray]) -> StreamRun:
    """Sums of all frames that differ by more than rounding are held to what was summed, where that cancelled out."""
    most = _tolerance(stream)
    apart = [name for name in stream.manifest.finals if share(*run.errors.get(name, (0.0, 0.0))) > most]
    if not apart:
        return run
    found = sums(feeds)
    held = {name: (run.errors[name][0], run.errors[name][1] * found[name]) for name in apart}
    return replace(run, errors={**run.errors, **held})


def lengths(manifest: Manifest) -> list[int]:
    """Longer than what an output sees, or a state that is wrong would not be seen. They end in the middle of a chunk, at its end,
    and leave different remainders by the unit; the shortest is among them. What tells most comes first."""
    chunk, unit = manifest.chunk, manifest.unit
    late = max(-(-one.delay // one.frames) for one in manifest.flows)
    middle = (max(late, min(manifest.sees, FARTHEST) // chunk) + 3) * chunk  # what is carried is seen to the end
    shortest = max(manifest.shortest, MEASURED * unit) if manifest.statistics else manifest.shortest
    wanted = [max(length, shortest) for length in (middle + 1 + unit // 2, 0, middle, middle + chunk // 2 + unit - 1)]
    most = manifest.longest or max(wanted)
    return list(dict.fromkeys(max(min(length, most), manifest.shortest) for length in wanted))


def drawn(manifest: Manifest, length: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random frames of every input that is streamed."""
    types = {
        one.name: InputType((*one.shape[: one.axis], length, *one.shape[one.axis + 1 :]), np.dtype(one.dtype))
        for one in manifest.inputs
    }
    return draw(types, seed, 0)


def _compared(
    offline: Run,
    stream: Stream,
    manifest: Manifest,
    feeds: Mapping[str, np.ndarray],
    length: int,
    measured: Measured | None,
    same: Mapping[str, range] | None,
) -> StreamRun:
    names = [*(one.name for one in manifest.outputs), *manifest.finals]
    try:
        if measured is not None:
            stream.reset(measured(feeds))
        whole = offline(names, {**feeds, **stream.statistics})
    except RunError as error:
        return StreamRun(manifest.chunk, length, skipped=f"the offline model does not run: {error}")
    streamed = run_stream(stream, {one.name: feeds[one.name] for one in manifest.inputs}, length)
    errors, missing = {}, {}
    axes = {one.name: one.axis for one in manifest.outputs}
    for name, expected in zip(names, whole, strict=True):
        found = streamed[name]
        if found.shape != expected.shape:
            missing[name] = (
                (found.shape[axes[name]], expected.shape[axes[name]])
                if name in axes and found.ndim == expected.ndim
                else (0, 1)
            )
            continue
        if same is not None:
            frames = same.get(name, range(0))
            if not frames:
                continue
            found, expected = (cut(array, axes[name], frames.start, frames.stop) for array in (found, expected))
        errors[name] = difference(found, expected)
    return StreamRun(manifest.chunk, length, errors, missing)


def run_stream(stream: Stream, whole: Mapping[str, np.ndarray], length: int) -> dict[str, np.ndarray]:
    """All frames of a whole that is pushed chunk by chunk; of every input that is streamed, `length` frames."""
    manifest = stream.manifest
    stream.reset()
    parts: dict[str, list[np.ndarray]] = {one.name: [] for one in manifest.outputs}
    pieces = [
        {one.name: cut(whole[one.name], one.axis, first, first + manifest.chunk) for one in manifest.inputs}
        for first in range(0, length, manifest.chunk)
    ]
    rest = pieces.pop() if length % manifest.chunk else None
    for piece in pieces:
        for name, frames in stream.push(piece).items():
            parts[name].append(frames)
    last = stream.finish(rest)
    made = {one.name: np.concatenate([*parts[one.name], last[one.name]], one.axis) for one in manifest.outputs}
    return made | {name: last[name] for name in manifest.finals}


def difference(found: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """The largest difference, and the largest value expected; infinite where one is a number and the other is not."""
    if expected.dtype.kind == "f":
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    else:
        same = found == expected
    if same.all():
        return 0.0, float(np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=0))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where(same, 0, np.abs(found.astype(np.float64) - expected.astype(np.float64)))
    finite = np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=0)
    worst = apart.max(initial=0)
    return float("inf") if np.isnan(worst) else float(worst), float(finite)


def _tolerance(stream: Stream) -> float:
    """That of the types that the stream computes in, as far as its outputs and states tell."""
    kinds = {*map(str, stream.dtypes.values()), *(state.dtype for state in stream.manifest.states)}
    return max((TOLERANCE.get(kind, 0.0) for kind in kinds), default=0.0)


def run_longer(source: Source) -> None:
    """Run the offline model at the longest length that it was looked at: shapes may fit where operators fail.

    Raises:
        RunError: it does not take it.
    """
    shapes = source.at(max(source.views))
    types = {name: InputType(shapes[name], np.dtype(source.graph.dtypes[name])) for name in source.offline.input_names}
    outputs = [output.name for output in source.offline.proto.graph.output]
    with Apart(source.offline) as apart:
        apart.run(outputs, draw(types, 0, 0))


def drawn_others(shapes: Mapping[str, tuple[tuple[int, ...], str]], seed: int) -> dict[str, np.ndarray]:
    """Random values of inputs that are not streamed, by name; of each the shape and type."""
    types = {name: InputType(shape, np.dtype(dtype)) for name, (shape, dtype) in shapes.items()}
    return draw(types, seed, 1)

"""The plan of a stream, as users get it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from onnx import ModelProto

from rfonnx.errors import QueryError
from rfonnx.model.apart import Apart
from rfonnx.results.stream_checks import StreamStructure, StreamSummary, StreamVerification
from rfonnx.results.stream_latency import StreamLatency
from rfonnx.results.streaming import METADATA, Manifest, StreamState
from rfonnx.streaming.branches import branched
from rfonnx.streaming.cancelling import conditions
from rfonnx.streaming.figures import Run, measure
from rfonnx.streaming.flow import Twin
from rfonnx.streaming.least import least_delays
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.manifest import to_json
from rfonnx.streaming.model import Source
from rfonnx.streaming.offline import (
    Measured,
    deadline,
    drawn,
    drawn_others,
    hold,
    level_of,
    taking,
    within,
)
from rfonnx.streaming.packing import packed, unpacked
from rfonnx.streaming.placed import Layout
from rfonnx.streaming.rerun import PAST
from rfonnx.streaming.rewriting import Streamed, build
from rfonnx.streaming.saving import save_stream
from rfonnx.streaming.structure import of_twins, structure
from rfonnx.streaming.timing import timed_chunk
from rfonnx.streaming.waits import Wait
from rfonnx.version import __version__


@dataclass(frozen=True)
class StreamPlan:
    """How a model is run on chunks of one input, exactly.

    Attributes:
        manifest: all that there is to say of the stream.
        model: the streaming model, with its manifest.
        masks: how many selections there are in it, which put borders where there is no frame.
        waits: why it may be later than the least delay; none: its delay is the least.
        flat: whether chunks in the middle of a stream have no branch of their own, without masks.
    """

    manifest: Manifest
    model: ModelProto = field(repr=False)
    masks: int
    source: Source = field(repr=False)
    layout: Layout = field(repr=False)
    twins: tuple[Twin, ...] = field(default=(), repr=False)
    waits: tuple[Wait, ...] = ()
    flat: bool = False

    @property
    def unit(self) -> int:
        """Chunks are multiples of it."""
        return self.manifest.unit

    @property
    def delay(self) -> dict[str, int]:
        """By output, in frames of its own: what comes before its frame 0, and what is held back until the end is known."""
        return {one.name: max(one.delay, one.delay + one.held) for one in self.manifest.outputs}

    @property
    def states(self) -> tuple[StreamState, ...]:
        """What is carried from chunk to chunk."""
        return self.manifest.states

    @property
    def assumptions(self) -> tuple[str, ...]:
        """A line each: what the file does not tell."""
        return self.manifest.assumptions

    def packed(self) -> StreamPlan:
        """The same stream with all states of a type in one tensor."""
        model, manifest = packed(self.model, self.manifest)
        return replace(self, model=described(model, manifest), manifest=manifest)

    def with_metadata(self, keys: Mapping[str, str]) -> StreamPlan:
        """The same stream with more entries of `metadata_props`; those of rfonnx stay last."""
        model = ModelProto()
        model.CopyFrom(self.model)
        kept = {entry.key: entry.value for entry in self.model.metadata_props}
        del model.metadata_props[:]
        for key, told in {**keys, **kept}.items():
            model.metadata_props.add(key=key, value=told)
        return replace(self, model=model)

    def _of(self, chunk: int) -> StreamPlan:
        """The plan for another length of chunks."""
        if chunk == self.manifest.chunk:
            return self
        plan = planned(self.source, self.layout, chunk, self.flat)
        return plan.packed() if self.manifest.packs else plan

    def summary(self, found: StreamVerification | None = None, written: str = "") -> StreamSummary:
        """The plan as plain data, with what verifying it showed and the file that was written."""
        keys = (entry.key for entry in self.model.metadata_props if not entry.key.startswith("rfonnx"))
        waits = tuple(wait.value for wait in self.waits)
        return StreamSummary(self.manifest, self.masks, found, written, tuple(keys), waits)

    def verify(self, seed: int = 0) -> StreamVerification:
        """Hold the stream against the offline model by running both: at several lengths, from the first frame to the last; at
        this chunk, and at one, two and eight units. And hold what all its tensors see against what the offline ones do.

        The offline model is run in a process of its own. When this takes long, fewer lengths are run.

        Raises:
            RunError: onnxruntime cannot run the model.
        """
        untouched = self.source.untouched
        offline, measuring = self.source.offline, self.source.measuring
        with Apart(offline) as apart, Apart(untouched or offline) as given, Apart(measuring or offline) as measured:
            return self.held_against(
                taking(offline, apart.run),
                seed,
                None if untouched is None else taking(untouched, given.run),
                measured.run,
            )

    def held_against(
        self, offline: Run, seed: int = 0, untouched: Run | None = None, measuring: Run | None = None
    ) -> StreamVerification:
        """The same; `offline` runs the untouched model, and with a cache the model with that cache: then `untouched` does.
        `measuring` runs `Source.measuring`."""
        until = deadline()
        unit, sums = self.unit, conditions(self.source.offline, self.manifest.finals)
        runs: list[StreamVerification] = []
        plans = {chunk: self._of(chunk) for chunk in (self.manifest.chunk, unit, 2 * unit, 8 * unit)}
        for plan in plans.values():
            stream = Stream(plan.model, others=self._others(seed), level=level_of(plan.model))
            measured = self._measured(measuring)
            runs.append(hold(offline, stream, self.manifest.model, seed, until, untouched, measured, sums))
        return replace(
            runs[0], runs=tuple(run for found in runs for run in found.runs), structure=self._structure(plans)
        )

    def _measured(self, run: Run | None) -> Measured | None:
        """What measures the statistics; None: there are none."""
        figures, model = self.source.statistics, self.source.measuring
        if model is None:
            return None
        return partial(measure, figures, taking(model, run or within(model)))

    def measure(self, inputs: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Statistics of a recording, as the offline model takes them of it: what `rfonnx.Stream` is given as `statistics`.

        Args:
            inputs: the whole of what is streamed; by name, with all inputs, where there are several.

        Raises:
            DataError: an input is missing.
            QueryError: the stream takes no statistics.
            RunError: the offline model cannot be run on that.
        """
        measured = self._measured(None)
        if measured is None:
            raise QueryError(f"{self.manifest.model}: the stream takes no statistics", "ask for some: statistics=")
        feeds = dict(inputs) if isinstance(inputs, Mapping) else {self.manifest.input: inputs}
        return dict(measured({name: np.asarray(array) for name, array in feeds.items()}))

    def _structure(self, plans: Mapping[int, StreamPlan]) -> StreamStructure:
        """What the tensors see; in chunks that are longer, where a chain of these would be too long."""
        unit = self.unit
        longer = unit * max(1, -(-self.manifest.sees // (4 * unit)))
        for chunk in dict.fromkeys([self.manifest.chunk, 8 * unit, longer]):
            plan = plans.get(chunk) or self._of(chunk)
            pairs, model = of_twins(plan.twins, plan.manifest), unpacked(plan.model, plan.manifest)
            found = structure(self.source.ready, self.source.shapes, model, plan.manifest, pairs)
            if not found.skipped:
                break
        return found

    def latency(
        self, chunks: Sequence[int] | None = None, rate: float | None = None, threads: int | None = None
    ) -> StreamLatency:
        """How late the stream is in chunks of several lengths, and what a chunk costs beside running the offline model again on
        the last frames; both are run under onnxruntime, about a second each.

        Args:
            chunks: frames of the input; None: those of the plan.
            rate: frames of the input in a second, for milliseconds and real time.
            threads: as in `rfonnx.erf`.

        Raises:
            QueryError: a chunk is no multiple of the unit.
            RunError: onnxruntime cannot run the stream.
        """
        plans = [self._of(chunk) for chunk in dict.fromkeys(chunks or [self.manifest.chunk])]
        past = PAST * max(plan.manifest.chunk for plan in plans)
        others, own = self._others(0), self._drawn_statistics()
        found = [
            timed_chunk(plan.source, plan.model, plan.manifest, others, own, past, rate, threads) for plan in plans
        ]
        return StreamLatency(
            model=self.manifest.model,
            inputs=tuple(one.name for one in self.manifest.inputs),
            rate=rate,
            unit=self.unit,
            past=max((again.length for _, again in found if again.whole and not self.manifest.fixed), default=0),
            fixed=self.manifest.fixed,
            threads=threads or 0,
            chunks=tuple(one for one, _ in found),
        )

    def _drawn_statistics(self) -> Mapping[str, np.ndarray]:
        """Those of random frames."""
        measured = self._measured(None)
        return {} if measured is None else measured(drawn(self.manifest, self.source.length) | self._others(0))

    def _others(self, seed: int) -> dict[str, np.ndarray]:
        graph, shapes = self.source.graph, self.source.shapes
        return drawn_others({name: (shapes[name], graph.dtypes[name]) for name in self.manifest.given}, seed)

    def save(self, path: str | os.PathLike[str]) -> StreamVerification:
        """Verify the stream, then write it, and its manifest beside it (`s.onnx`, `s.json`).

        Raises:
            RfonnxError: the stream differs from the offline model, and nothing is written; or the file cannot be written.
        """
        found = self.verify()
        save_stream(path, self.model, self.manifest, found)
        return found


def planned(source: Source, layout: Layout, chunk: int, flat: bool) -> StreamPlan:
    """The plan for one length of chunks."""
    made: Streamed = build(source, layout, chunk)
    found = least_delays(source, made.manifest.outputs, chunk)
    sees = max((sees for _, sees in found), default=0)
    if made.manifest.finals:
        sees = max(sees, source.length)
    sees = max(sees, 2 * made.manifest.unchanged)  # where it was looked at a query may have seen fewer keys
    outputs = tuple(replace(one, least=least) for one, (least, _) in zip(made.manifest.outputs, found, strict=True))
    manifest = replace(made.manifest, outputs=outputs, sees=sees)
    model = made.model if flat else branched(made.model, manifest.states[0].input, manifest.ends_input, made.middle)
    return StreamPlan(manifest, described(model, manifest), made.masks, source, layout, made.twins, made.waits, flat)


def described(model: ModelProto, manifest: Manifest) -> ModelProto:
    """The model, with its manifest inside."""
    del model.metadata_props[:]
    for key, told in (
        (METADATA, to_json(manifest)),
        ("rfonnx", f"rfonnx {__version__}"),
    ):  # the last one marks it as ours
        entry = model.metadata_props.add()
        entry.key, entry.value = key, told
    return model

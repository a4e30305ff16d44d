"""The whole comparison: opens, pairs, streams samples through both models, and gathers what the other modules find."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from rfonnx.analysis import analyze
from rfonnx.compare.axes import FullShapes, Inputs, sample_axes
from rfonnx.compare.batches import Batches, Feed, Prepared
from rfonnx.compare.cost import costs
from rfonnx.compare.drawn import random_source
from rfonnx.compare.failing import explained
from rfonnx.compare.fields import field_pairs
from rfonnx.compare.inner import InnerModel
from rfonnx.compare.kinds import detect
from rfonnx.compare.layers import SAMPLES, parting
from rfonnx.compare.matching import match
from rfonnx.compare.meter import Batch, Meter
from rfonnx.compare.model import OpenModel, input_spec, stack
from rfonnx.compare.settings import ModelSource, Settings
from rfonnx.compare.values import bind_both, for_both
from rfonnx.compare.verdicts import LAYER_LIMITS, judge
from rfonnx.comparison import Comparison, Cost, FieldPair, Kind, NonFinite, OutputAgreement, Parting, SampleInfo
from rfonnx.data.prepare import Preparer
from rfonnx.data.samples import Source, open_source
from rfonnx.errors import DataError, RfonnxError, RunError
from rfonnx.graph import Graph, load
from rfonnx.plain import bound_texts

RANDOM_SAMPLES = 32
"""Samples that are drawn when no data is given."""

KEPT, KEPT_BYTES = 32, 2**27
"""Samples that are kept for effective fields, up to about so many bytes."""

Progress = Callable[[int, int], None]
"""Called with samples done and samples in all."""


def compare_models(
    teacher: ModelSource, student: ModelSource, settings: Settings, progress: Progress | None = None
) -> Comparison:
    """See `rfonnx.compare`."""
    return _Run(teacher, student, settings).result(progress or (lambda done, total: None))


class _Run:
    """One comparison on its way."""

    def __init__(self, teacher: ModelSource, student: ModelSource, settings: Settings) -> None:
        self._settings = settings
        self._threads = settings.threads or usable_cores()
        teacher, student = bind_both(teacher, student, settings.values, settings.inputs)
        self._models = (
            OpenModel("teacher", teacher, self._threads, settings.provider),
            OpenModel("student", student, self._threads, settings.provider),
        )
        mine, theirs = self._models
        self._inputs = match("input", mine.inputs, theirs.inputs, self._pairs_of_inputs(), check=False)
        self._outputs = match("output", mine.outputs, theirs.outputs, settings.outputs, check=True)
        self._find_axes()
        self._source = self._open_source()
        self._first: list[tuple[Feed, Feed]] = []
        self._kept_bytes = 0
        self._count = 0
        self._skipped: list[tuple[str, str]] = []
        self._meters = [
            Meter((a.name, b.name), settings.task, settings.class_axis, settings.temperature, settings.seed)
            for a, b in self._outputs
        ]

    def _find_axes(self) -> None:
        """Find where samples lie in both models."""
        settings = self._settings
        mine, theirs = ([port.name for port in model.inputs] for model in self._models)
        said = for_both("a batch axis", settings.batch_axes, mine, theirs, settings.inputs)
        shapes = (settings.shapes, settings.student_shapes or settings.shapes)
        for which, (model, given, bound_to) in enumerate(zip(self._models, said, shapes, strict=True)):
            analysed = partial(analyze, model.source, bound_to or None, batch_axes=given)
            first = partial(self._first_shapes, which)
            model.axes = sample_axes(model.source, model.declared, given, analysed, first)

    def _first_shapes(self, which: int, axes: Inputs) -> FullShapes:
        """Shapes of the first sample that can be read, prepared for a model with these batch axes."""
        problem: RfonnxError | None = None
        for item in self._open_source(None if which else axes):
            try:
                return bound(stack([self._preparer(which, axes)(item.load())], axes))
            except RfonnxError as error:
                problem = problem or error
                if self._settings.on_error == "fail":
                    break
        raise problem or DataError("the data holds no samples", "give at least one")

    def _pairs_of_inputs(self) -> dict[str, str]:
        """The pairs that were asked for, without bound inputs."""
        mine, theirs = self._models
        return {a: b for a, b in self._settings.inputs.items() if a not in mine.values and b not in theirs.values}

    def result(self, progress: Progress) -> Comparison:
        """Run, and gather.

        Raises:
            RfonnxError: something was wrong before a single sample had been compared.
        """
        incomplete = self._stream(progress)
        outputs = [meter.result() for meter in self._meters]
        feeds = self._first_feeds()
        graphs = self._graphs(feeds[0])
        kind, reason = detect(*graphs)
        if self._settings.kind != "auto":
            kind, reason = self._settings.kind, "as asked for"
        outputs = [self._with_origins(output) for output in outputs]
        warnings = list(self._warnings(outputs))
        fields, layers, cost = (
            self._beyond_outputs(kind, graphs, feeds, warnings) if not incomplete else ((), None, None)
        )
        effective = self._effective(fields, warnings)
        limits = self._settings.limits
        return Comparison(
            teacher=self._models[0].name,
            student=self._models[1].name,
            kind=kind,
            kind_reason=reason,
            samples=SampleInfo(self._description(), self._settings.data is None, self._count, tuple(self._skipped)),
            outputs=tuple(outputs),
            verdicts=judge(kind, outputs, fields, effective, limits),
            fields=fields,
            effective=effective,
            parting=layers,
            costs=cost,
            threads=self._threads,
            shapes={
                f"{model.role}/{name}": array.shape
                for model, feed in zip(self._models, feeds[0], strict=True)
                for name, array in feed.items()
            },
            warnings=tuple(warnings),
            incomplete=incomplete,
        )

    def _description(self) -> str:
        """What the samples are, and what inputs are bound to beside them."""
        values = {**self._models[1].values, **self._models[0].values}
        return ", ".join([self._source.description, *map("".join, bound_texts(values))])

    def _beyond_outputs(
        self, kind: Kind, graphs: tuple[Graph, Graph], feeds: Sequence[tuple[Feed, Feed]], warnings: list[str]
    ) -> tuple[tuple[FieldPair, ...], Parting | None, tuple[Cost, Cost] | None]:
        settings = self._settings
        fields: tuple[FieldPair, ...] = ()
        if settings.fields:
            try:
                fields = self._fields(feeds[0])
            except RfonnxError as error:
                warnings.append(f"receptive fields were not compared: {error}")
        layers = None
        if settings.layers:
            limit = settings.layer_limit if settings.layer_limit is not None else LAYER_LIMITS[kind]
            inner = (InnerModel(self._models[0], self._threads), InnerModel(self._models[1], self._threads))
            layers = parting(*inner, feeds, limit)
        cost = None
        if settings.cost:
            cost = costs(self._models, graphs, feeds[0], settings.latency_runs, self._threads)
        return fields, layers, cost

    def _effective(self, fields: Sequence[FieldPair], warnings: list[str]) -> Mapping[str, float]:
        """Figures of the effective fields; what prevents them is a warning, for not every operator has a gradient."""
        if not (fields and self._settings.effective):
            return {}
        from rfonnx.compare.effective import effective_figures

        try:
            mine, theirs = self._models
            samples = [(mine.stacked(one), theirs.stacked(other)) for one, other in self._first]
            return effective_figures(self._models, fields, samples, self._threads)
        except RfonnxError as error:
            warnings.append(f"effective fields were not compared: {error}")
            return {}

    def _open_source(self, axes: Inputs | None = None) -> Source:
        """The samples; random ones for a teacher with these batch axes, or those that were found."""
        settings = self._settings
        if settings.data is not None:
            return open_source(settings.data)
        return random_source(
            self._models[0], settings.shapes or None, settings.samples or RANDOM_SAMPLES, settings.seed, axes
        )

    def _stream(self, progress: Progress) -> str:
        """Feed every sample to both models; returns why it ended early, or ""."""
        settings = self._settings
        preparers = (self._preparer(0), self._preparer(1))
        size = max(1, settings.batch)
        if any(model.batch is not None for model in self._models):
            size = max(model.batch or 1 for model in self._models)
        if not all(model.axes.together for model in self._models):
            size = 1
        total = len(self._source) if settings.samples is None else min(settings.samples, len(self._source))
        batches = Batches(self._source, preparers, size, settings.samples, settings.on_error)
        for batch in batches:
            self._skipped += batch.skipped
            error = batch.failed
            try:
                if batch.names:
                    self._run_batch(batch)
            except RunError as failed:
                error = self._located(failed, batch)
            except RfonnxError as failed:
                error = failed
            if error is not None:
                if not (self._count and isinstance(error, RfonnxError)):
                    raise error
                return str(error)
            progress(self._count + len(self._skipped), total)
        if not self._count:
            name, reason = self._skipped[0]
            raise DataError(f"none of the {len(self._skipped)} samples could be used; '{name}': {reason}")
        return ""

    def _located(self, error: RunError, batch: Prepared) -> RunError:
        """The error of the first sample of a batch that a model fails on by itself; else the batch's own."""
        for model, feeds in zip(self._models, (batch.teacher, batch.student), strict=True):
            for name, feed in zip(batch.names, feeds, strict=True):
                try:
                    model.run(model.stacked(feed), [port.name for port in model.outputs])
                except RunError as alone:
                    return explained(model, name, model.stacked(feed), alone)
        return error

    def _run_batch(self, batch: Prepared) -> None:
        mine, theirs = self._models
        given = stack(batch.teacher, mine.axes.inputs)
        # The preparers hand on what fits as it is: the same arrays need stacking once.
        shared = all(
            batch.student[0][b.name] is batch.teacher[0][a.name]
            and mine.axes.inputs[a.name] == theirs.axes.inputs[b.name]
            for a, b in self._inputs
        )
        taken = {b.name: given[a.name] for a, b in self._inputs} if shared else stack(batch.student, theirs.axes.inputs)
        count = len(batch.names)
        made = mine.run_rows(given, count, [a.name for a, _ in self._outputs])
        answered = theirs.run_rows(taken, count, [b.name for _, b in self._outputs])
        labels = np.array(batch.labels, np.int64)
        for meter, a, b in zip(self._meters, made, answered, strict=True):
            meter.add(Batch(batch.names, a, b, labels))
        self._count += len(batch.names)
        for pair in zip(batch.teacher, batch.student, strict=True):
            if len(self._first) < SAMPLES or (len(self._first) < KEPT and self._kept_bytes < KEPT_BYTES):
                self._first.append(pair)
                self._kept_bytes += sum(array.nbytes for feed in pair for array in feed.values())

    def _preparer(self, which: int, axes: Inputs | None = None) -> Preparer:
        model = self._models[which]
        along = model.axes.inputs if axes is None else axes
        specs = [input_spec(model, pair[which], pair[0].name, along) for pair in self._inputs]
        return Preparer(specs, self._settings.student if which else self._settings.teacher, model.values)

    def _first_feeds(self) -> list[tuple[Feed, Feed]]:
        """The first samples as inputs of a run of one batch, the batch size that the file fixes filled up."""
        first = self._first[:SAMPLES]
        return [(self._models[0].stacked(mine), self._models[1].stacked(theirs)) for mine, theirs in first]

    def _graphs(self, feeds: tuple[Feed, Feed]) -> tuple[Graph, Graph]:
        graphs = [load(m.source, bound(f)) for m, f in zip(self._models, feeds, strict=True)]
        return graphs[0], graphs[1]

    def _fields(self, feeds: tuple[Feed, Feed]) -> tuple[FieldPair, ...]:
        analyses = [analyze(m.source, bound(f)) for m, f in zip(self._models, feeds, strict=True)]
        outputs = [(a.name, b.name) for a, b in self._outputs]
        return field_pairs(analyses[0], analyses[1], outputs, [(a.name, b.name) for a, b in self._inputs])

    def _with_origins(self, output: OutputAgreement) -> OutputAgreement:
        """The output, with the tensor in which each NaN or infinity begins."""
        if not output.nonfinite:
            return output
        bad = tuple(self._with_origin(found) for found in output.nonfinite)
        return replace(output, nonfinite=bad)

    def _with_origin(self, bad: NonFinite) -> NonFinite:
        which = 0 if bad.model == "teacher" else 1
        preparer = self._preparer(which)
        item = next((item for item in self._source if item.name == bad.sample), None)
        if item is None:
            return bad
        feeds = self._models[which].stacked(preparer(item.load()))
        origin = InnerModel(self._models[which], self._threads).first_nonfinite(feeds)
        return replace(bad, origin=origin)

    def _warnings(self, outputs: Sequence[OutputAgreement]) -> Sequence[str]:
        found = []
        if self._settings.data is None:
            found.append(
                "no data was given: agreement on random samples says little about agreement on real ones; give --data"
            )
        if self._skipped:
            found.append(f"{len(self._skipped)} samples were skipped")
        if self._settings.task == "auto":
            for output in outputs:
                if output.class_axis is not None:
                    how = f"scores per position, classes along axis {output.class_axis}"
                    found.append(f"output '{output.teacher}' was read as {how}; --task and --class-axis say otherwise")
        return found


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def bound(feeds: Feed) -> dict[str, tuple[int, ...]]:
    """Shapes of a run's inputs."""
    return {name: array.shape for name, array in feeds.items()}

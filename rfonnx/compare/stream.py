"""Samples through both models, batch by batch, into the meters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rfonnx.compare.apart import Apart
from rfonnx.compare.batches import Batches, Prepared
from rfonnx.compare.failing import explained
from rfonnx.compare.feeds import Feed
from rfonnx.compare.hooks import hooked, ports
from rfonnx.compare.layers import SAMPLES
from rfonnx.compare.meter import Meter
from rfonnx.compare.pair import Pair
from rfonnx.compare.saved import SavedModel
from rfonnx.compare.saving import Saver
from rfonnx.compare.settings import Hook
from rfonnx.compare.tasks.hints import Hint, hints_of
from rfonnx.compare.tasks.reader import Batch, TaskOptions
from rfonnx.compare.tasks.spec import read_task
from rfonnx.data.samples import Source
from rfonnx.errors import DataError, RfonnxError, RunError, UncountedError

KEPT, KEPT_BYTES = 32, 2**27
"""Samples that are kept for effective fields, up to about so many bytes."""

Progress = Callable[[int, int], None]
"""Called with samples done and samples in all."""


class Stream:
    """One pass over the samples.

    Attributes:
        source: the samples.
        measured, meters: pairs of outputs, and one meter for each.
        first: the first samples, prepared for both models.
        count: samples that went through both models.
        skipped: samples left out, with the reason.
        unread: saved samples that nothing was compared with.
    """

    def __init__(self, pair: Pair, source: Source) -> None:
        self._pair, self.source, self.measured = pair, source, pair.measured
        self.first: list[tuple[Feed, Feed]] = []
        self._kept_bytes = 0
        self._apart = Apart(pair)
        self.unread = 0
        self.count = 0
        self.skipped: list[tuple[str, str]] = []
        self.meters = self._new_meters()

    def _new_meters(self) -> list[Meter]:
        settings = self._pair.settings
        tolerances = settings.tolerances
        options = TaskOptions(settings.class_axis, settings.temperature)
        hints = self._hints()
        return [
            Meter(
                one.names,
                *read_task(
                    settings.tasks.get(one.names[0], settings.task),
                    replace(options, tolerance=tolerances.get(one.names[0], tolerances.get(""))),
                ),
                settings.seed,
                settings.pictures,
                hints[one.ports[0].name] if one.picks[0] is None else hints[one.ports[0].name].of_part(),
            )
            for one in self.measured
        ]

    def _hints(self) -> dict[str, Hint]:
        """What the teacher's file says of its outputs, unless a hook makes something else of them or there is no file."""
        teacher, names = self._pair.models[0], {one.ports[0].name for one in self.measured}
        if self._pair.settings.before is not None or isinstance(teacher, SavedModel):
            return dict.fromkeys(names, Hint())
        return hints_of(teacher.source, names)

    def run(self, progress: Progress, saver: Saver | None = None) -> str:
        """Feed every sample to both models; returns why it ended early, or "".

        Args:
            progress: is told how far it is.
            saver: takes the outputs.

        Raises:
            RfonnxError: something was wrong before a single sample had been compared.
        """
        settings = self._pair.settings
        preparers = (self._pair.preparer(0), self._pair.preparer(1))
        total = len(self.source) if settings.samples is None else min(settings.samples, len(self.source))
        size = self._pair.batch_size()
        for batch in Batches(self.source, preparers, self._pair.stack, size, settings.samples, settings.on_error):
            self.skipped += batch.skipped
            error = batch.failed
            try:
                if batch.names:
                    self._run(batch, saver)
            except RunError as failed:
                error = self._located(failed, batch)
            except RfonnxError as failed:
                error = failed
            if error is not None:
                if not (self.count and isinstance(error, RfonnxError)):
                    raise error
                return str(error)
            progress(self.count + len(self.skipped), total)
        if not self.count:
            name, reason = self.skipped[0]
            raise DataError(f"none of the {len(self.skipped)} samples could be used; '{name}': {reason}")
        if settings.samples is None:
            self.unread = max((model.left() for model in self._pair.saved), default=0)
        return ""

    def _run(self, batch: Prepared, saver: Saver | None) -> None:
        """Run a batch, or its samples where an output does not count them."""
        for part in self._apart.parts(batch):
            try:
                self._run_batch(part, saver)
            except UncountedError:
                if len(part.names) == 1 or any(model.batch for model in self._pair.models):
                    raise
                for one in self._apart.one_by_one(part):
                    self._run_batch(one, saver)

    def _run_batch(self, batch: Prepared, saver: Saver | None) -> None:
        labels = np.array(batch.labels, np.int64)
        made = (self._answers(0, batch), self._answers(1, batch))
        if saver is not None:
            roles = zip(("teacher", "student"), self._pair.wanted(), made, strict=True)
            named = {(role, name): rows for role, names, own in roles for name, rows in zip(names, own, strict=True)}
            saver.add(batch.names, labels, named)
        if self._pair.settings.before is not None:
            self._measure_hooked(self._pair.settings.before, batch, labels, made)
        else:
            whole = dict(zip(self._pair.outputs, zip(*made, strict=True), strict=True))
            for meter, one in zip(self.meters, self.measured, strict=True):
                a, b = one.parts(self._pair.models, whole[one.ports])
                meter.add(Batch(batch.names, a, b, labels))
        self.count += len(batch.names)
        self._keep(batch)

    def _answers(self, which: int, batch: Prepared) -> list[np.ndarray]:
        """Outputs of a model over a batch, samples along axis 0: of a run, or as saved."""
        model, wanted = self._pair.models[which], self._pair.wanted()[which]
        if isinstance(model, SavedModel):
            return model.rows_of(batch.names, {name for name, _ in self.skipped}, wanted)
        return model.run_rows(batch.stacked[which], len(batch.names), wanted)

    def _measure_hooked(
        self, hook: Hook, batch: Prepared, labels: np.ndarray, made: tuple[list[np.ndarray], list[np.ndarray]]
    ) -> None:
        """Sample by sample: what a hook gives may differ in shape."""
        names = self._pair.wanted()
        for index, sample in enumerate(batch.names):
            one, other = (
                hooked(hook, model.role, sample, names[which], [rows[index] for rows in made[which]])
                for which, model in enumerate(self._pair.models)
            )
            if not self.measured:
                self.measured = self._pair.pairs_of(ports(one), ports(other))
                self.meters = self._new_meters()
            for meter, pair in zip(self.meters, self.measured, strict=True):
                if pair.ports[0].name not in one or pair.ports[1].name not in other:
                    raise DataError(
                        f"the hook gave '{pair.ports[0].name}' before, and not on sample '{sample}'",
                        "give the same names for every sample",
                    )
                a, b = pair.parts(self._pair.models, (one[pair.ports[0].name][None], other[pair.ports[1].name][None]))
                meter.add(Batch([sample], a, b, labels[index : index + 1]))

    def _keep(self, batch: Prepared) -> None:
        for pair in zip(batch.teacher, batch.student, strict=True):
            if len(self.first) < SAMPLES or (len(self.first) < KEPT and self._kept_bytes < KEPT_BYTES):
                self.first.append(pair)
                self._kept_bytes += sum(array.nbytes for feed in pair for array in feed.values())

    def _located(self, error: RunError, batch: Prepared) -> RunError:
        """The error of the first sample of a batch that a model fails on by itself; else the batch's own."""
        for model, feeds in zip(self._pair.models, (batch.teacher, batch.student), strict=True):
            for name, feed in zip(batch.names, feeds, strict=True):
                if isinstance(model, SavedModel):
                    break
                try:
                    model.run(model.stacked(feed), [port.name for port in model.outputs])
                except RunError as alone:
                    return explained(model, name, model.stacked(feed), alone)
        return error

    def stacked(self, most: int | None = None) -> list[tuple[Feed, Feed]]:
        """The first samples as inputs of a run of one batch, the batch size that the file fixes filled up."""
        mine, theirs = self._pair.models
        return [(mine.stacked(one), theirs.stacked(other)) for one, other in self.first[:most]]

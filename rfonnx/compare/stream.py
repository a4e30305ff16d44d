"""Samples through both models, batch by batch, into the meters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rfonnx.compare.batches import Batches, Prepared
from rfonnx.compare.failing import explained
from rfonnx.compare.feeds import Feed
from rfonnx.compare.layers import SAMPLES
from rfonnx.compare.meter import Meter
from rfonnx.compare.pair import Pair
from rfonnx.compare.tasks.reader import Batch, TaskOptions
from rfonnx.compare.tasks.spec import read_task
from rfonnx.data.samples import Source
from rfonnx.errors import DataError, RfonnxError, RunError

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
    """

    def __init__(self, pair: Pair, source: Source) -> None:
        settings = pair.settings
        self._pair, self.source, self.measured = pair, source, pair.measured
        self.first: list[tuple[Feed, Feed]] = []
        self._kept_bytes = 0
        self.count = 0
        self.skipped: list[tuple[str, str]] = []
        options = TaskOptions(settings.class_axis, settings.temperature)
        self.meters = [
            Meter(one.names, *read_task(settings.tasks.get(one.names[0], settings.task), options), settings.seed)
            for one in self.measured
        ]

    def run(self, progress: Progress) -> str:
        """Feed every sample to both models; returns why it ended early, or "".

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
                    self._run_batch(batch)
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
        return ""

    def _run_batch(self, batch: Prepared) -> None:
        mine, theirs = self._pair.models
        count = len(batch.names)
        made = mine.run_rows(batch.stacked[0], count, [a.name for a, _ in self._pair.outputs])
        answered = theirs.run_rows(batch.stacked[1], count, [b.name for _, b in self._pair.outputs])
        labels = np.array(batch.labels, np.int64)
        whole = dict(zip(self._pair.outputs, zip(made, answered, strict=True), strict=True))
        for meter, one in zip(self.meters, self.measured, strict=True):
            a, b = one.parts(self._pair.models, whole[one.ports])
            meter.add(Batch(batch.names, a, b, labels))
        self.count += count
        self._keep(batch)

    def _keep(self, batch: Prepared) -> None:
        for pair in zip(batch.teacher, batch.student, strict=True):
            if len(self.first) < SAMPLES or (len(self.first) < KEPT and self._kept_bytes < KEPT_BYTES):
                self.first.append(pair)
                self._kept_bytes += sum(array.nbytes for feed in pair for array in feed.values())

    def _located(self, error: RunError, batch: Prepared) -> RunError:
        """The error of the first sample of a batch that a model fails on by itself; else the batch's own."""
        for model, feeds in zip(self._pair.models, (batch.teacher, batch.student), strict=True):
            for name, feed in zip(batch.names, feeds, strict=True):
                try:
                    model.run(model.stacked(feed), [port.name for port in model.outputs])
                except RunError as alone:
                    return explained(model, name, model.stacked(feed), alone)
        return error

    def stacked(self, most: int | None = None) -> list[tuple[Feed, Feed]]:
        """The first samples as inputs of a run of one batch, the batch size that the file fixes filled up."""
        mine, theirs = self._pair.models
        return [(mine.stacked(one), theirs.stacked(other)) for one, other in self.first[:most]]

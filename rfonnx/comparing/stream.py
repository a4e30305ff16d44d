"""Samples through both models, batch by batch, into the meters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rfonnx.comparing.batches import Batches, Prepared
from rfonnx.comparing.figures.joined import joined_parts
from rfonnx.comparing.figures.meter import Meter
from rfonnx.comparing.layers.layers import SAMPLES
from rfonnx.comparing.pairs.apart import Apart
from rfonnx.comparing.pairs.failing import explained
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.comparing.pairs.hooks import hooked, ports
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.pairs.saving import Saver
from rfonnx.comparing.tasks.hints import Hint, hints_of
from rfonnx.comparing.tasks.reader import Batch, TaskOptions
from rfonnx.comparing.tasks.spec import read_task
from rfonnx.data.samples import SampleSource
from rfonnx.errors import DataError, RfonnxError, RunError, UncountedError
from rfonnx.results.binding import Hook

KEPT, KEPT_BYTES = 32, 2**27
"""Samples that are kept for effective fields, up to about so many bytes."""

HELD_BYTES = 2**22
"""Outputs of both models that are held before they are measured, where one batch has no more."""

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

    def __init__(self, pair: Pair, source: SampleSource) -> None:
        self._pair, self.source, self.measured = pair, source, pair.measured
        self._wanted, self._size = pair.wanted(), pair.batch_size()
        self._room = self._size  # samples that are measured at once: more, when the outputs' size is known
        self._steady = True  # all rows of an output have one shape, as far as was seen
        self._order = sorted((0, 1), key=lambda which: pair.models[which] in pair.saved)
        self._places = [pair.outputs.index(one.ports) for one in pair.measured]
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
        self._hints = hints = self._read_hints()
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

    def _read_hints(self) -> dict[str, Hint]:
        """What the teacher's file says of its outputs, unless a hook makes something else of them or there is no file."""
        teacher, names = self._pair.models[0], {one.ports[0].name for one in self.measured}
        if self._pair.settings.before is not None or teacher in self._pair.saved:
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
        total = len(self.source) if settings.samples is None else min(settings.samples, len(self.source))
        for batch in (part for whole in Batches(self.source, self._pair) for part in whole.parts(self._room)):
            self.skipped += batch.skipped
            for saved in self._pair.saved:
                saved.skipped.update(name for name, _ in batch.skipped)
            error, before = batch.failed, self.count
            try:
                if batch.names:
                    self._run(batch, saver)
            except RunError as failed:
                error = self._run_each(batch.rest(self.count - before), saver, failed)
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

    def _find_joined(self, feed: Feed) -> None:
        """Tell the meters what the teacher's file joins to its outputs, at the shapes of a sample."""
        whole = {
            one.ports[0].name: meter
            for meter, one in zip(self.meters, self.measured, strict=True)
            if not any(one.picks)
        }
        teacher = self._pair.models[0]
        rows = [name for name in whole if not teacher.axes.outputs.get(name, 0)]
        ends = [name for name in rows if self._hints[name].operator == "Concat"]
        if ends:
            try:
                graph = teacher.graph(teacher.feed_of(feed))
            except RfonnxError:
                return  # onnxruntime alone knows its shapes
            for name in ends:
                whole[name].set_joined(joined_parts(graph, name))

    def _run(self, batch: Prepared, saver: Saver | None) -> None:
        """Run a batch, or smaller parts where an output does not count samples or its rows vary."""
        for part in self._apart.parts(batch):
            try:
                self._run_batch(part, saver)
            except UncountedError:
                self._steady = False
                self._pair.share_uncounted()
                if len(part.names) > self._size and not part.teacher:
                    smaller = part.parts(self._size)
                elif len(part.names) == 1 or any(model.batch for model in self._pair.models):
                    raise
                else:
                    smaller = iter(self._apart.one_by_one(part))
                for one in smaller:
                    self._run(one, saver)

    def _run_batch(self, batch: Prepared, saver: Saver | None) -> None:
        labels = np.array(batch.labels, np.int64)
        if not self.count:
            self._find_joined(next(iter(batch.feeds(0))))
        # What is saved is read once only, so that a model that fails comes first.
        answers = {
            which: self._pair.models[which].run_rows(batch.stacked[which], batch.names, self._wanted[which], self._size)
            for which in self._order
        }
        made = (answers[0], answers[1])
        if saver is not None:
            roles = zip(("teacher", "student"), self._wanted, made, strict=True)
            named = {(role, name): rows for role, names, own in roles for name, rows in zip(names, own, strict=True)}
            saver.add(batch.names, labels, named)
        if self._pair.settings.before is not None:
            self._measure_hooked(self._pair.settings.before, batch, labels, made)
        else:
            for meter, one, place in zip(self.meters, self.measured, self._places, strict=True):
                a, b = one.parts(self._pair.models, (made[0][place], made[1][place]))
                meter.add(Batch(batch.names, a, b, labels))
        self.count += len(batch.names)
        self._keep(batch)
        held = sum(rows.nbytes for own in made for rows in own) // len(batch.names)
        if self._steady:
            self._room = self._size * max(1, HELD_BYTES // max(1, held) // self._size)
        else:
            self._room = self._size

    def _measure_hooked(
        self, hook: Hook, batch: Prepared, labels: np.ndarray, made: tuple[list[np.ndarray], list[np.ndarray]]
    ) -> None:
        """Sample by sample: what a hook gives may differ in shape."""
        names = self._wanted
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
        if len(self.first) >= KEPT:
            return
        for pair in zip(batch.feeds(0), batch.feeds(1), strict=True):
            if len(self.first) < SAMPLES or (len(self.first) < KEPT and self._kept_bytes < KEPT_BYTES):
                self.first.append(pair)
                self._kept_bytes += sum(array.nbytes for feed in pair for array in feed.values())

    def _run_each(self, batch: Prepared, saver: Saver | None, error: RunError) -> RfonnxError:
        """What can be measured before the sample that a model fails on, and why it does."""
        for part in batch.parts(self._size):
            try:
                if part is not batch:
                    self._run(part, saver)
                    continue
            except RunError as failed:
                error = failed
            except RfonnxError as failed:
                return failed
            return self._located(error, part)
        return error

    def _located(self, error: RunError, batch: Prepared) -> RunError:
        """The error of the first sample of a batch that a model fails on by itself; else the batch's own."""
        for which, model in enumerate(self._pair.models):
            if model in self._pair.saved:
                continue
            for name, feed in zip(batch.names, batch.feeds(which), strict=True):
                try:
                    model.run(model.feed_of(feed), [port.name for port in model.outputs])
                except RunError as alone:
                    return explained(model, name, model.feed_of(feed), alone)
        return error

    def feeds(self, most: int | None = None) -> list[tuple[Feed, Feed]]:
        """The first samples as inputs of a run of one batch, the batch size that the file fixes filled up."""
        mine, theirs = self._pair.models
        return [(mine.feed_of(one), theirs.feed_of(other)) for one, other in self.first[:most]]

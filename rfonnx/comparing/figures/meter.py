"""One pair of outputs over all samples: gathers batches, and keeps sums, worst cases and whatever is not finite.

What is summed, and what the sums mean, is the task's: see `rfonnx.comparing.tasks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

import numpy as np

from rfonnx.comparing.figures.bootstrap import Bootstrap, wilson
from rfonnx.comparing.figures.elements import ELEMENTS, Elements
from rfonnx.comparing.figures.infinities import without_shared
from rfonnx.comparing.figures.pictures import Pictures
from rfonnx.comparing.figures.worst import Finiteness, Worst, finite_elements
from rfonnx.comparing.pairs.matching import without_ends
from rfonnx.comparing.tasks.deciding import DECIDED, decided_rows, task_of
from rfonnx.comparing.tasks.hints import Hint
from rfonnx.comparing.tasks.reader import Batch, Counted, Reader, TaskOptions, Unsuited
from rfonnx.comparing.tasks.registry import OLD_NAMES, READERS
from rfonnx.comparing.tasks.rows import vary
from rfonnx.errors import QueryError, ShapeError
from rfonnx.results.agreement import Measure, OutputAgreement, Task
from rfonnx.results.array_types import Floats
from rfonnx.results.measures import MEASURES, judged_by
from rfonnx.results.plain import shape_text

BLOCK_SAMPLES, BLOCK_ELEMENTS = 512, 1 << 16
"""Outputs are gathered up to one of these before they are measured: numpy's calls cost more than small outputs do."""


class Meter:
    """Measures one pair of outputs.

    Args:
        names: the teacher's output and the student's.
        task: how they are read; "auto" decides by what they are, with the first block.
        options: of the task.
        seed: of the bootstrap.
        pictures: gather a histogram and a map of the errors.
        hint: what the file says of the teacher's output.
    """

    def __init__(
        self,
        names: tuple[str, str],
        task: str = "auto",
        options: TaskOptions | None = None,
        seed: int = 0,
        pictures: bool = False,
        hint: Hint | None = None,
    ) -> None:
        self.names = names
        self._task: Task | Literal["auto"] = OLD_NAMES.get(task, cast(Task, task))
        self._asked = task != "auto"
        self._options = options or TaskOptions()
        self._hint = hint or Hint()
        self._why = ""
        self._reader: Reader | None = None
        self._empty: list[Batch] = []
        self._sums = Bootstrap(seed)
        self._whole: dict[str, Floats] = {}
        self._worst: dict[str, Worst] = {}
        self._pending: list[Batch] = []
        self._held_samples = self._held_elements = 0
        self._finiteness = Finiteness()
        self._pictures = Pictures() if pictures else None
        self._elements = Elements(self._options.tolerance)

    def set_joined(self, parts: Mapping[int, tuple[int, ...]]) -> None:
        """What the file joins to the output, before the first batch; see `TaskOptions`."""
        self._options = replace(self._options, joined=parts)

    def add(self, batch: Batch) -> None:
        """Count a batch.

        Raises:
            ShapeError: the two outputs have different shapes.
            QueryError: they are not what the task that was asked for takes.
        """
        batch = _without_ends(batch)
        if self._task == "auto" and not (batch.teacher.size or batch.student.size):
            self._empty.append(batch)  # rows that are not there do not tell what they would be
            return
        if batch.teacher.shape != batch.student.shape and not self._ragged:
            self._take_rows(batch)
        if self._pending and _shapes(self._pending[-1]) != _shapes(batch):
            self.flush()
        self._pending.append(batch)
        self._held_samples += len(batch.samples)
        self._held_elements += batch.teacher.size
        if self._held_samples >= BLOCK_SAMPLES or self._held_elements >= BLOCK_ELEMENTS:
            self.flush()

    def _take_rows(self, batch: Batch) -> None:
        """From here on compare rows whose number varies, unless the user asked for another task.

        Raises:
            ShapeError: he did, or more than the number of rows differs.
        """
        self.flush()
        if self._ragged:
            return
        if self._asked or not vary(batch.teacher, batch.student):
            raise ShapeError(
                f"output '{self.names[0]}' of the teacher has the shape {shape_text(batch.teacher.shape)}, "
                f"'{self.names[1]}' of the student {shape_text(batch.student.shape)} on sample '{batch.samples[0]}'",
                "pair the outputs with --map, or give both models inputs that make them alike",
            )
        boxes = self._reader is None and (decided_rows(batch.teacher) or decided_rows(batch.student))
        self._task = "detection" if boxes else "rows"
        self._why = DECIDED if boxes else "the models give other numbers of rows"
        self._begin(batch)

    @property
    def _ragged(self) -> bool:
        return self._task != "auto" and READERS[self._task].ragged

    def flush(self) -> None:
        """Measure what is pending."""
        pending, self._pending = self._pending, []
        self._held_samples = self._held_elements = 0
        if pending:
            whole = pending[0] if len(pending) == 1 else _joined(pending)
            step = 1 if self._ragged else max(1, BLOCK_ELEMENTS // max(1, whole.teacher[0].size))
            for begin in range(0, len(whole.samples), step):
                self._measure(whole[begin : begin + step])

    def _measure(self, batch: Batch) -> None:
        batch = _without_shared_infinities(batch)
        keep = self._finiteness.check("teacher", self.names[0], batch.samples, batch.teacher)
        keep &= self._finiteness.check("student", self.names[1], batch.samples, batch.student)
        if not keep.all():
            batch = batch[keep]
        if not batch.samples:
            return
        counted = self._counted(batch)
        if batch.teacher.shape == batch.student.shape and not self._read.ragged:
            if self._pictures is not None:
                self._pictures.add(batch.teacher, batch.student)
            single = self._elements.count(batch)
            counted.sums.update(single.sums)
            counted.totals.update(single.totals)
        self._sums.add(counted.sums)
        for name, column in counted.peaks.items():
            largest = column.max(0)
            self._whole[name] = np.maximum(self._whole[name], largest) if name in self._whole else largest
        for name, total in counted.totals.items():
            self._whole[name] = self._whole[name] + total if name in self._whole else total
        columns = {**counted.sums, **counted.peaks}
        for name, worst in self._worst.items():
            worst.add(batch.samples, self._read.figures[name].of_samples(columns))

    @property
    def _read(self) -> Reader:
        assert self._reader is not None
        return self._reader

    def _counted(self, batch: Batch) -> Counted:
        """Columns of the task's reader; of plain numbers where outputs that nobody explained turn out to be no more."""
        try:
            if self._reader is None:
                if self._task == "auto":
                    self._task, self._why = task_of(batch, self._hint)
                self._begin(batch)
            return self._read.count(batch)
        except Unsuited as reason:
            if self._asked:
                raise QueryError(
                    f"output '{self.names[0]}' cannot be read as {self._task}: {reason}",
                    f"read it as another task, one of {', '.join(READERS)}",
                ) from None
            plain: Task = "values" if batch.teacher.shape == batch.student.shape else "rows"
            self._task, self._why = plain, f"as {self._task} it cannot be read: {reason}"
            self._begin(batch)
            return self._read.count(batch)

    def _begin(self, batch: Batch) -> None:
        assert self._task != "auto"
        kept = self._worst
        self._reader = READERS[self._task](batch, self._options)
        self._worst = {name: kept.get(name) or Worst(MEASURES[name].high_is_bad) for name in self._reader.worst}

    def result(self) -> OutputAgreement:
        """The agreement over all samples that were added."""
        self.flush()
        for batch in self._empty:
            if self._reader is None:
                self._task, self._why = "rows", "there are none on any sample"
                self._begin(batch)
            for index in range(len(batch.samples)):
                self._measure(batch[index : index + 1])
        task: Task = "values" if self._task == "auto" else self._task
        bad = tuple(self._finiteness.found.values())
        if self._reader is None:
            return OutputAgreement(*self.names, task, 0, {}, {}, bad)
        measures = dict(self._figures(self._reader))
        worst = {measure: kept.cases() for measure, kept in self._worst.items() if measure in measures}
        places = self._reader.places({**self._sums.total, **self._whole})
        reason = (f"why {task}: {self._why}",) if self._why else ()
        notes = (*reason, *self._reader.notes())
        axis = self._reader.class_axis
        known = (*self._reader.figures, *self._reader.finished, *ELEMENTS)
        missing = tuple(name for name in known if MEASURES[name].absent and judged_by(name) not in measures)
        pictures = (self._pictures.histogram(), self._pictures.map()) if self._pictures else (None, None)
        return OutputAgreement(
            *self.names, task, self._sums.samples, measures, worst, bad, axis, places, notes, missing, *pictures
        )

    def _figures(self, reader: Reader) -> Iterator[tuple[str, Measure]]:
        columns = {**self._sums.total, **self._whole}
        single = self._elements.figures if "error_bins" in columns else {}
        for name, figure in {**reader.figures, **single}.items():
            value = float(figure.of(columns))
            if np.isnan(value):
                continue
            if figure.interval == "wilson":
                yield name, Measure(value, *wilson(value, self._sums.samples))
            elif figure.interval == "resampled":
                yield name, Measure(value, *self._sums.interval(figure.of))
            else:
                yield name, Measure(value)
        yield from reader.finish().items()


def _without_ends(batch: Batch) -> Batch:
    """The same without axes of length 1 at the end, where the two differ."""
    if batch.teacher.shape == batch.student.shape:
        return batch
    teacher, student = (a.reshape(without_ends(a.shape)) for a in (batch.teacher, batch.student))
    return Batch(batch.samples, teacher, student, batch.labels)


def _without_shared_infinities(batch: Batch) -> Batch:
    teacher, student = batch.teacher, batch.student
    if teacher.shape != student.shape or teacher.dtype.kind != "f" or finite_elements(teacher) is None:
        return batch
    return Batch(batch.samples, *without_shared(teacher, student), batch.labels)


def _shapes(batch: Batch) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return batch.teacher.shape[1:], batch.student.shape[1:]


def _joined(batches: Sequence[Batch]) -> Batch:
    return Batch(
        [name for batch in batches for name in batch.samples],
        np.concatenate([batch.teacher for batch in batches]),
        np.concatenate([batch.student for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
    )

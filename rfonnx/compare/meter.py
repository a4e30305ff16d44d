"""One pair of outputs over all samples: takes batches, keeps sums, worst cases and whatever is not finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rfonnx.compare import metrics
from rfonnx.compare.bootstrap import Bootstrap, Figure
from rfonnx.compare.matching import without_ends
from rfonnx.compare.worst import Finiteness, Worst
from rfonnx.comparison import Measure, OutputAgreement, Task
from rfonnx.errors import ShapeError
from rfonnx.plain import shape_text

BLOCK_SAMPLES, BLOCK_ELEMENTS = 512, 1 << 16
"""Outputs are gathered up to one of these before they are measured: numpy's calls cost more than small outputs do."""

MAX_CLASSES = 4096
"""More classes than this, and whole numbers are plain numbers."""

Floats = npt.NDArray[np.float64]

# Every figure is a function of sums over samples, and of nothing else: see bootstrap.
FIGURES: dict[str, dict[str, Figure]] = {
    "values": {
        "mean_abs": lambda s: s["abs"] / s["n"],
        "rmse": lambda s: np.sqrt(s["dd"] / s["n"]),
        "cosine": lambda s: s["cosine"] / s["samples"],
        "sqnr_db": lambda s: metrics.decibels(s["tt"], s["dd"]),
    },
    "classifier": {
        "top1": lambda s: s["top1"] / s["samples"],
        "top5": lambda s: s["top5"] / s["samples"],
        "top5_reverse": lambda s: s["top5_reverse"] / s["samples"],
        "kl": lambda s: s["kl"] / s["samples"],
        "kl_reverse": lambda s: s["kl_reverse"] / s["samples"],
        "confidence_shift": lambda s: (s["confidence_student"] - s["confidence_teacher"]) / s["samples"],
    },
    "accuracy": {
        "accuracy_teacher": lambda s: s["right_teacher"] / s["labelled"],
        "accuracy_student": lambda s: s["right_student"] / s["labelled"],
    },
    "dense": {
        "agreement": lambda s: s["agreeing"] / s["positions"],
        "mean_iou": lambda s: metrics.mean_iou(s["intersection"], s["union"]),
    },
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Outputs of both models on the same samples; axis 0 counts them. Labels are -1 where no true class is known."""

    samples: Sequence[str]
    teacher: np.ndarray
    student: np.ndarray
    labels: npt.NDArray[np.int64]

    def __getitem__(self, part: slice | npt.NDArray[np.bool_]) -> Batch:
        names = np.array(self.samples, object)[part].tolist()
        return Batch(names, self.teacher[part], self.student[part], self.labels[part])

    def without_ends(self) -> Batch:
        """The same without axes of length 1 at the end, where the two differ."""
        if self.teacher.shape == self.student.shape:
            return self
        teacher, student = (a.reshape(without_ends(a.shape)) for a in (self.teacher, self.student))
        return Batch(self.samples, teacher, student, self.labels)


class Meter:
    """Measures one pair of outputs.

    Args:
        names: the teacher's output and the student's.
        task: how they are read; "auto" decides by type and shape, with the first batch.
        class_axis: the axis of the classes, batch included, in a dense output; None: see `class_axis_of`.
        temperature: of the softmax under the KL.
        seed: of the bootstrap.
    """

    def __init__(
        self,
        names: tuple[str, str],
        task: Task | Literal["auto"] = "auto",
        class_axis: int | None = None,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.names = names
        self._task = task
        self._class_axis = class_axis
        self._temperature = temperature
        self._sums = Bootstrap(seed)
        self._pending: list[Batch] = []
        self._held_samples = self._held_elements = 0
        self._finiteness = Finiteness()
        self._worst = {"max_abs": Worst(True), "sqnr_db": Worst(False), "kl": Worst(True), "agreement": Worst(False)}
        self._max_abs = 0.0
        self._low, self._high = np.inf, -np.inf
        self._bins = np.zeros((metrics.BINS, 2))
        self._probabilities: tuple[bool, bool] | None = None

    def add(self, batch: Batch) -> None:
        """Count a batch.

        Raises:
            ShapeError: the two outputs have different shapes.
        """
        batch = batch.without_ends()
        if batch.teacher.shape != batch.student.shape:
            raise ShapeError(
                f"output '{self.names[0]}' of the teacher has the shape {shape_text(batch.teacher.shape)}, "
                f"'{self.names[1]}' of the student {shape_text(batch.student.shape)} on sample '{batch.samples[0]}'",
                "pair the outputs with --map, or give both models inputs that make them alike",
            )
        if self._pending and self._pending[-1].teacher.shape[1:] != batch.teacher.shape[1:]:
            self.flush()
        self._pending.append(batch)
        self._held_samples += len(batch.samples)
        self._held_elements += batch.teacher.size
        if self._held_samples >= BLOCK_SAMPLES or self._held_elements >= BLOCK_ELEMENTS:
            self.flush()

    def flush(self) -> None:
        """Measure what is pending."""
        pending, self._pending = self._pending, []
        self._held_samples = self._held_elements = 0
        if pending:
            whole = pending[0] if len(pending) == 1 else _joined(pending)
            step = max(1, BLOCK_ELEMENTS // max(1, whole.teacher[0].size))
            for begin in range(0, len(whole.samples), step):
                self._measure(whole[begin : begin + step])

    def _measure(self, batch: Batch) -> None:
        keep = self._finiteness.check("teacher", self.names[0], batch.samples, batch.teacher)
        keep &= self._finiteness.check("student", self.names[1], batch.samples, batch.student)
        if not keep.all():
            batch = batch[keep]
        if not batch.samples:
            return
        if self._task == "auto":
            self._task = task_of(batch.teacher, batch.student)
        sums = self._errors(batch)
        if self._task == "classifier":
            sums.update(self._classify(batch))
        elif self._task in ("dense", "labels"):
            sums.update(self._overlap(batch))
        self._sums.add(sums)

    def _errors(self, batch: Batch) -> dict[str, Floats]:
        count = len(batch.samples)
        sums = metrics.error_sums(batch.teacher.reshape(count, -1), batch.student.reshape(count, -1))
        sums["cosine"] = metrics.cosine(sums["ts"], sums["tt"], sums["ss"])
        sums["samples"] = np.ones(count)
        largest = sums.pop("max_abs")
        self._max_abs = max(self._max_abs, float(largest.max()))
        self._low = min(self._low, float(sums.pop("low").min()))
        self._high = max(self._high, float(sums.pop("high").max()))
        self._worst["max_abs"].add(batch.samples, largest)
        self._worst["sqnr_db"].add(batch.samples, metrics.decibels(sums["tt"], sums["dd"]))
        return sums

    def _classify(self, batch: Batch) -> dict[str, Floats]:
        count = len(batch.samples)
        teacher, student = batch.teacher.reshape(count, -1), batch.student.reshape(count, -1)
        if self._probabilities is None:
            self._probabilities = (metrics.are_probabilities(teacher), metrics.are_probabilities(student))
        sums = metrics.class_sums(teacher, student, self._probabilities, self._temperature)
        self._bins += metrics.calibration_bins(sums["confidence_teacher"], sums["confidence_student"])
        self._worst["kl"].add(batch.samples, sums["kl"])
        known = batch.labels >= 0
        if known.any():
            sums["labelled"] = known.astype(np.float64)
            sums["right_teacher"] = (known & (teacher.argmax(1) == batch.labels)).astype(np.float64)
            sums["right_student"] = (known & (student.argmax(1) == batch.labels)).astype(np.float64)
        return sums

    def _overlap(self, batch: Batch) -> dict[str, Floats]:
        teacher, student = batch.teacher, batch.student
        if self._task == "dense":
            self._class_axis = class_axis_of(teacher) if self._class_axis is None else self._class_axis
            classes = teacher.shape[self._class_axis]
            teacher, student = (metrics.pick_classes(np.moveaxis(a, self._class_axis, 0)) for a in (teacher, student))
        else:
            classes = max(int(teacher.max()), int(student.max())) + 1
            if min(teacher.min(), student.min()) < 0 or classes > MAX_CLASSES:
                self._task = "values"
                return {}
        count = len(batch.samples)
        numbers = (teacher.reshape(count, -1).astype(np.int64), student.reshape(count, -1).astype(np.int64))
        sums = metrics.overlap_counts(*numbers, classes)
        self._worst["agreement"].add(batch.samples, sums["agreeing"] / sums["positions"])
        return sums

    def result(self) -> OutputAgreement:
        """The agreement over all samples that were added."""
        self.flush()
        task: Task = "values" if self._task == "auto" else self._task
        measures: dict[str, Measure] = {}
        if self._sums.samples:
            measures["max_abs"] = Measure(self._max_abs)
            measures.update(self._figures("values"))
            noise, span = measures["rmse"].value, self._high - self._low
            measures["psnr_db"] = Measure(float(metrics.decibels(np.array(span**2), np.array(noise**2))))
            if task == "classifier":
                measures.update(self._figures("classifier"))
                measures["calibration_difference"] = Measure(metrics.expected_difference(self._bins))
                if "labelled" in self._sums:
                    measures.update(self._figures("accuracy"))
            elif task in ("dense", "labels"):
                measures.update(self._figures("dense"))
        worst = {measure: kept.cases() for measure, kept in self._worst.items() if measure in measures}
        bad = tuple(self._finiteness.found.values())
        axis = self._class_axis if task == "dense" else None
        return OutputAgreement(*self.names, task, self._sums.samples, measures, worst, bad, axis)

    def _figures(self, group: str) -> Iterator[tuple[str, Measure]]:
        for name, figure in FIGURES[group].items():
            yield name, Measure(self._sums.value(figure), *self._sums.interval(figure))


def _joined(batches: Sequence[Batch]) -> Batch:
    return Batch(
        [name for batch in batches for name in batch.samples],
        np.concatenate([batch.teacher for batch in batches]),
        np.concatenate([batch.student for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
    )


def task_of(teacher: np.ndarray, student: np.ndarray) -> Task:
    """How outputs are read when nobody says.

    (n, classes) floats are a classifier's scores, (n, classes, 1, 1) too; (n, classes, rows, columns, ...) floats are dense
    scores; whole numbers are classes; all else is plain numbers.
    """
    if teacher.dtype.kind in "iub" and student.dtype.kind in "iub":
        return "labels"
    classes = teacher.shape[1] if teacher.ndim > 1 else 0
    if classes >= 2 and all(length == 1 for length in teacher.shape[2:]):
        return "classifier"
    if teacher.ndim >= 4 and 2 <= classes <= MAX_CLASSES:
        return "dense"
    return "values"


def class_axis_of(scores: np.ndarray) -> int:
    """The last axis where that is the shortest behind the batch (channels last), else axis 1."""
    last = scores.ndim - 1
    return last if scores.shape[last] < min(scores.shape[1:last]) else 1

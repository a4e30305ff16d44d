"""A class per position: scores of classes, or their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from rfonnx.compare import metrics
from rfonnx.compare.tasks.reader import Batch, Counted, Figure, PlainReader, TaskOptions, Unsuited
from rfonnx.compare.tasks.values import ERRORS, WORST_ERRORS, errors

MAX_CLASSES = 4096
"""More classes than this, and whole numbers are plain numbers."""

POSITIONS: dict[str, Figure] = {
    "agreement": Figure(lambda s: metrics.share(s["agreeing"], s["positions"], 1.0)),
    "mean_iou": Figure(lambda s: metrics.mean_iou(s["intersection"], s["union"])),
}


class Segmentation(PlainReader):
    """Scores (samples, classes, positions...), or with the classes along another axis."""

    figures: ClassVar[Mapping[str, Figure]] = {**ERRORS, **POSITIONS}
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "agreement")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Finds the axis of the classes."""
        rank = first.teacher.ndim
        if rank < 2:
            raise Unsuited("it has one axis, which counts samples: there are no classes")
        self._axis = class_axis_of(first.teacher) if options.class_axis is None else options.class_axis
        if not -rank < self._axis < rank or self._axis % rank == 0:
            raise Unsuited(f"it has no axis {self._axis} of classes beside that of the samples")
        self.class_axis = self._axis

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        axis = self._axis
        picked = [metrics.pick_classes(np.moveaxis(a, axis, 0)) for a in (batch.teacher, batch.student)]
        return _overlap(batch, picked[0], picked[1], batch.teacher.shape[axis])


class Labels(PlainReader):
    """Class numbers, whole and from 0."""

    figures: ClassVar[Mapping[str, Figure]] = {**ERRORS, **POSITIONS}
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "agreement")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Nothing is open."""

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        both = (batch.teacher, batch.student)
        if any(a.dtype.kind not in "iub" for a in both) and any((np.floor(a) != a).any() for a in both):
            raise Unsuited("it holds numbers that are not whole")
        lowest = min(int(a.min(initial=0)) for a in both)
        classes = max(int(a.max(initial=0)) for a in both) + 1
        if lowest < 0 or classes > MAX_CLASSES:
            raise Unsuited(f"it holds numbers from {lowest} to {classes - 1}; classes are 0 to {MAX_CLASSES - 1}")
        return _overlap(batch, batch.teacher, batch.student, classes)


def _overlap(batch: Batch, teacher: np.ndarray, student: np.ndarray, classes: int) -> Counted:
    counted = errors(batch)
    one, other = (a.reshape(len(batch.samples), -1).astype(np.int64) for a in (teacher, student))
    counted.sums.update(metrics.overlap_counts(one, other, classes))
    return counted


def class_axis_of(scores: np.ndarray) -> int:
    """The last axis where that is the shortest behind the batch (channels last), else axis 1."""
    last = scores.ndim - 1
    return last if last > 1 and scores.shape[last] < min(scores.shape[1:last]) else 1

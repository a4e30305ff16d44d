"""A class per position: scores of classes, or their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.counts import least_overlap, logit, probable, ratios
from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions, Unsuited
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors

MAX_CLASSES = 4096
"""More classes than this, and whole numbers are plain numbers."""

POSITIONS: dict[str, Figure] = {
    "agreement": Figure(lambda s: metrics.share(s["agreeing"], s["positions"], 1.0)),
    "mean_iou": Figure(lambda s: metrics.mean_iou(s["intersection"], s["union"])),
    "worst_iou": Figure(lambda s: least_overlap(s["intersection"], s["union"], LEAST_SHARE)),
}

LEAST_SHARE = 0.001
"""Share of all positions that the union of a class must hold before it can be the worst one."""


class Segmentation(Reader):
    """Scores (samples, classes, positions...), or with the classes along another axis.

    A single channel holds the score of one class against none: class 1 stands where it reaches the threshold, else class 0.
    """

    figures: ClassVar[Mapping[str, Figure]] = {**ERRORS, **POSITIONS}
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "agreement")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Finds the axis of the classes."""
        self.class_axis = self._axis = chosen_axis(first.teacher, options.class_axis, "classes")
        threshold = 0.5 if options.threshold is None else options.threshold
        self._cuts = [threshold if probable(a) else logit(threshold) for a in (first.teacher, first.student)]

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        axis, both = self._axis, (batch.teacher, batch.student)
        if batch.teacher.shape[axis] == 1:
            given = [array >= cut for array, cut in zip(both, self._cuts, strict=True)]
            return _overlap(batch, given[0], given[1], 2)
        picked = [metrics.pick_classes(np.moveaxis(array, axis, 0)) for array in both]
        return _overlap(batch, picked[0], picked[1], batch.teacher.shape[axis])

    def places(self, sums: Columns) -> Mapping[str, str]:
        """Which class has the least intersection over union, unless none has less than another."""
        each = ratios(sums["intersection"], sums["union"], LEAST_SHARE)
        if np.isnan(each).all():
            return {}
        return {"worst_iou": f"class {int(np.nanargmin(each))} of {len(each)}"}


class Labels(Segmentation):
    """Class numbers, whole and from 0."""

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
    positions = math.prod(teacher.shape[1:])
    one, other = (a.reshape(len(batch.samples), positions).astype(np.int64) for a in (teacher, student))
    counted.sums.update(metrics.overlap_counts(one, other, classes))
    return counted


def chosen_axis(scores: np.ndarray, asked: int | None, what: str) -> int:
    """The axis of "classes" or "labels": as asked for, or found.

    Raises:
        Unsuited: there is none beside that of the samples.
    """
    rank = scores.ndim
    if rank < 2:
        raise Unsuited(f"it has one axis, which counts samples: there are no {what}")
    axis = class_axis_of(scores) if asked is None else asked
    if not -rank < axis < rank or axis % rank == 0:
        raise Unsuited(f"it has no axis {axis} of {what} beside that of the samples")
    return axis


def class_axis_of(scores: np.ndarray) -> int:
    """The last axis where that is the shortest behind the batch (channels last), else axis 1."""
    last = scores.ndim - 1
    return last if last > 1 and scores.shape[last] < min(scores.shape[1:last]) else 1

"""Labels that are given independently of each other: a threshold on each score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.counts import NEAR, f_measure, label_sums, least, probable, sigmoid
from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions, Unsuited
from rfonnx.comparing.tasks.segmentation import chosen_axis
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors
from rfonnx.results.array_types import Floats

MOST_LABELS = 4096

FEWEST_GIVEN = 20
"""Positions on which a label must be given before it can be the worst one: of three, one flip is a third."""


def _whole(sums: Columns) -> Floats:
    """Over all labels; NaN where neither model gives any."""
    both, differing = sums["both"].sum(-1), sums["lost"].sum(-1) + sums["added"].sum(-1)
    return np.where(both + differing > 0, f_measure(both, differing), np.nan)


def _each(sums: Columns) -> Floats:
    """By label; NaN where too few are given."""
    differing = sums["lost"] + sums["added"]
    given = sums["both"] + differing
    return np.where(given >= FEWEST_GIVEN, f_measure(sums["both"], differing), np.nan)


class Multilabel(Reader):
    """(samples, labels), (samples, steps, labels), or maps with labels where a segmentation has its classes."""

    figures: ClassVar[Mapping[str, Figure]] = {
        **ERRORS,
        "label_f1": Figure(_whole),
        "worst_label_f1": Figure(lambda s: least(_each(s))),
        "label_agreement": Figure(
            lambda s: 1 - metrics.share(s["lost"].sum(-1) + s["added"].sum(-1) + s["near"], s["decisions"])
        ),
        "near_flips": Figure(lambda s: metrics.share(s["near"], s["decisions"])),
    }
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "label_f1")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Finds the axis of the labels, and whether scores are probabilities."""
        asked = options.class_axis
        if asked is None and first.teacher.ndim == 3:
            asked = 2  # (samples, steps, labels)
        axis = self.class_axis = self._axis = chosen_axis(first.teacher, asked, "labels")
        if first.teacher.shape[axis] > MOST_LABELS:
            raise Unsuited(f"it holds {first.teacher.shape[axis]} labels, more than {MOST_LABELS}")
        self._threshold = 0.5 if options.threshold is None else options.threshold
        self._probabilities = (probable(first.teacher), probable(first.student))
        self._given = 0.0

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        counted = errors(batch)
        scores = []
        for known, array in zip(self._probabilities, (batch.teacher, batch.student), strict=True):
            moved = np.moveaxis(array, self._axis, 1).reshape(len(array), array.shape[self._axis], -1)
            scores.append(moved.astype(np.float64) if known else sigmoid(moved))
        sums = label_sums(scores[0], scores[1], self._threshold)
        self._given += float(sums["both"].sum() + sums["lost"].sum())
        counted.sums.update(sums)
        return counted

    def places(self, sums: Columns) -> Mapping[str, str]:
        """See `Reader`."""
        each = _each(sums)
        if np.isnan(each).all():
            return {}
        label = int(np.nanargmin(each))
        lost, added = sums["lost"][label], sums["added"][label]
        return {
            "worst_label_f1": f"label {label}: {lost:.0f} lost, {added:.0f} added, {sums['both'][label]:.0f} in both"
        }

    def notes(self) -> Sequence[str]:
        """See `Reader`."""
        kinds = ["probabilities" if known else "logits, of which the sigmoid is taken" for known in self._probabilities]
        read = kinds[0] if kinds[0] == kinds[1] else f"the teacher's {kinds[0]}, the student's {kinds[1]}"
        found = [
            f"a label is given from {self._threshold:g} on; scores are {read}; labels along axis {self.class_axis}"
        ]
        found.append(f"flips of scores within {NEAR:g} of the threshold are counted apart, as near_flips")
        if not self._given:
            found.append(f"the teacher gives no label at all from {self._threshold:g} on")
        return found

"""Scores of classes, one choice per sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors
from rfonnx.results.array_types import Floats

TIED_DB = 15.0
"""SQNR in dB under which no flip is excused as a near tie: an error that large is none of rounding."""


def _clear(s: Columns) -> Floats:
    """Samples with the same choice, or a near tie."""
    excused = np.where(metrics.decibels(s["tt"], s["dd"]) >= TIED_DB, s["near"], 0.0)
    return (s["top1"] + excused) / s["samples"]


VARIES = 0.001
"""Nats that the teacher's probabilities must tell of a sample: with fewer it answers the same for all, and so may the student."""


def _over_constant(s: Columns) -> Floats:
    """KL over that of the teacher's mean, the best answer that is the same for all: KL(teacher || mean) = H(mean) - mean H."""
    mean = s["p_teacher"] / s["samples"]
    told = s["p_log_p"] / s["samples"] - (mean * np.log(np.maximum(mean, metrics.FLOOR))).sum(-1)
    return metrics.share(s["kl"] / s["samples"], np.where(told >= VARIES, told, 0.0), np.nan)


CHOICES: dict[str, Figure] = {
    "top1": Figure(lambda s: s["top1"] / s["samples"], "wilson"),
    "top1_clear": Figure(_clear, "wilson"),
    "near_ties": Figure(lambda s: s["near"] / s["samples"], "wilson"),
    "flip_margin": Figure(lambda s: s["margin"], "none", lambda s: np.where(s["top1"] == 1, np.nan, s["margin"])),
    "top5": Figure(lambda s: s["top5"] / s["samples"], "wilson"),
    "top5_reverse": Figure(lambda s: s["top5_reverse"] / s["samples"], "wilson"),
    "kl": Figure(lambda s: s["kl"] / s["samples"]),
    "kl_constant": Figure(_over_constant, "none"),
    "kl_reverse": Figure(lambda s: s["kl_reverse"] / s["samples"]),
    "confidence_shift": Figure(lambda s: (s["confidence_student"] - s["confidence_teacher"]) / s["samples"]),
    "calibration_difference": Figure(lambda s: metrics.expected_difference(s["bins"], s["samples"])),
    "accuracy_teacher": Figure(lambda s: metrics.share(s["right_teacher"], s["labelled"], np.nan)),
    "accuracy_student": Figure(lambda s: metrics.share(s["right_student"], s["labelled"], np.nan)),
}


class Classifier(Reader):
    """(samples, classes), with any axes of length 1 behind."""

    figures: ClassVar[Mapping[str, Figure]] = {**ERRORS, **CHOICES}
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "kl", "flip_margin")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Sees whether the scores are probabilities already."""
        self._temperature = options.temperature
        teacher, student = first.flat()
        self._probabilities = (metrics.are_probabilities(teacher), metrics.are_probabilities(student))

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        counted = errors(batch)
        teacher, student = batch.flat()
        sums = metrics.class_sums(teacher, student, self._probabilities, self._temperature)
        sums["bins"] = metrics.calibration_bins(sums["confidence_teacher"], sums["confidence_student"])
        counted.peaks["margin"] = sums.pop("margin")
        counted.totals["p_teacher"] = sums.pop("p_teacher").sum(0)
        known = batch.labels >= 0
        sums["labelled"] = known.astype(np.float64)
        for name, scores in (("right_teacher", teacher), ("right_student", student)):
            right = known & (scores.argmax(1) == batch.labels) if known.any() else known
            sums[name] = right.astype(np.float64)
        counted.sums.update(sums)
        return counted

"""A class at each step of a sequence: language models, and recognisers before decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.counts import step_sums
from rfonnx.comparing.tasks.reader import Batch, Counted, Figure, Reader, TaskOptions, Unsuited
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors
from rfonnx.results.array_types import Int64

STEPS: dict[str, Figure] = {
    "agreement": Figure(lambda s: metrics.share(s["agreeing_steps"], s["steps"], np.nan)),
    "kl": Figure(lambda s: metrics.share(s["step_kl"], s["steps"], np.nan)),
}
"""Measures of choices at steps, of what `Steps.counted` counts."""


class Tokens(Reader):
    """(samples, steps..., classes), or with the classes along another axis."""

    figures: ClassVar[Mapping[str, Figure]] = {**ERRORS, **STEPS}
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "agreement", "kl")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Finds the axis of the classes, and whether scores are probabilities."""
        rank = first.teacher.ndim
        axis = rank - 1 if options.class_axis is None else options.class_axis
        if rank < 3 or not -rank < axis < rank or axis % rank == 0:
            raise Unsuited(f"steps need axes (samples, steps, classes), it has {rank}, and axis {axis} of classes")
        self.class_axis = self._axis = axis
        self._temperature = options.temperature
        rows = (np.moveaxis(a, axis, -1).reshape(-1, a.shape[axis]) for a in (first.teacher, first.student))
        teacher, student = (metrics.are_probabilities(array) for array in rows)
        self._probabilities = (teacher, student)

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        return self.counted(batch)[0]

    def counted(self, batch: Batch) -> tuple[Counted, Int64, Int64]:
        """Columns, and both models' choices, (samples, steps)."""
        counted = errors(batch)
        axis = self._axis
        teacher, student = (
            np.moveaxis(a, axis, -1).reshape(len(a), -1, a.shape[axis]) for a in (batch.teacher, batch.student)
        )
        sums, picks_t, picks_s = step_sums(teacher, student, self._probabilities, self._temperature)
        counted.sums.update(sums)
        return counted, picks_t, picks_s

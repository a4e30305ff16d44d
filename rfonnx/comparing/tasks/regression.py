"""Numbers that are each a quantity of their own: angles, landmarks, ages, prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures.counts import column_sums, determination, least
from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions, Unsuited
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors
from rfonnx.results.array_types import Floats

MOST_COLUMNS = 4096
"""More numbers per sample than this are no list of quantities, and sums of each would take memory."""


def _each(sums: Columns) -> Floats:
    """By column; NaN where it does not vary."""
    return determination(sums["column_dd"], sums["column_t"], sums["column_tt"], sums["samples"])


class Regression(Reader):
    """(samples, columns), or columns of several axes."""

    figures: ClassVar[Mapping[str, Figure]] = {**ERRORS, "r2": Figure(lambda s: least(_each(s)))}
    worst: ClassVar[tuple[str, ...]] = WORST_ERRORS

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Takes the first sample as the origin of the moments."""
        self._shape = first.teacher.shape[1:]
        if first.teacher[0].size > MOST_COLUMNS:
            raise Unsuited(f"it holds {first.teacher[0].size} numbers per sample, more than {MOST_COLUMNS}")
        self._origin = first.flat()[0][0].astype(np.float64)

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        if batch.teacher.shape[1:] != self._shape:
            raise Unsuited("its samples differ in shape")
        counted = errors(batch)
        counted.sums.update(column_sums(*batch.flat(), self._origin))
        return counted

    def places(self, sums: Columns) -> Mapping[str, str]:
        """See `Reader`."""
        each = _each(sums)
        if np.isnan(each).all():
            return {}
        position = np.unravel_index(int(np.nanargmin(each)), self._shape or (1,))
        return {"r2": f"column {', '.join(map(str, map(int, position)))}"}

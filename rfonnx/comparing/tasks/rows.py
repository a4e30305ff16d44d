"""Rows whose number varies: what suppression, selection and beam search leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors
from rfonnx.results.array_types import Floats


def _alike(sums: Columns) -> Floats:
    return np.asarray(sums["samples"] - sums.get("differing", 0.0), np.float64)


def _of_alike(figure: Figure) -> Figure:
    """The figure over the samples that have as many rows from both models; NaN without any row."""

    def of(sums: Columns) -> Floats:
        if "dd" not in sums:
            return sums["samples"] * np.nan
        return np.where(sums["n"] > 0, figure.of({**sums, "samples": np.maximum(_alike(sums), 1)}), np.nan)

    return Figure(of, figure.interval)


class Rows(Reader):
    """Rows (n, width...) of one sample each, in an order that means something. Only samples with as many rows are compared."""

    ragged: ClassVar[bool] = True
    figures: ClassVar[Mapping[str, Figure]] = {
        "same_rows": Figure(lambda s: _alike(s) / s["samples"], "wilson"),
        **{name: _of_alike(figure) for name, figure in ERRORS.items()},
    }
    worst: ClassVar[tuple[str, ...]] = WORST_ERRORS

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Any rows will do."""
        self._lengths: dict[str, tuple[int, int]] = {}

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        if batch.teacher.shape == batch.student.shape:
            return errors(batch)
        for name, one, other in zip(batch.samples, batch.teacher, batch.student, strict=True):
            if len(self._lengths) < NAMED:
                self._lengths[name] = (len(np.atleast_2d(one)), len(np.atleast_2d(other)))
        ones = np.ones(len(batch.samples))
        return Counted({"samples": ones, "differing": ones})

    def notes(self) -> Sequence[str]:
        """See `Reader`."""
        found = [
            "rows are compared in their order, where both models give as many; --task OUTPUT=detection matches boxes"
        ]
        if self._lengths:
            texts = (f"{name} ({one} and {other})" for name, (one, other) in self._lengths.items())
            found.append(f"other numbers of rows, the teacher's first: {', '.join(texts)}")
        return found


NAMED = 5
"""Samples that are named whose numbers of rows differ."""


def vary(teacher: np.ndarray, student: np.ndarray) -> bool:
    """Whether outputs of one sample, (1, n, width) each, differ in n alone; one row may lack its axis, (1, width)."""
    one, other = (np.atleast_2d(array[0]) for array in (teacher, student))
    return one.shape[0] != other.shape[0] and one.shape[1:] == other.shape[1:] and one.ndim == other.ndim == 2

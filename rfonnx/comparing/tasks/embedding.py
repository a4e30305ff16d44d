"""Vectors whose neighbours matter: what is searched, clustered or recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures.bootstrap import Bootstrap
from rfonnx.comparing.figures.neighbours import found_again, kept_neighbours
from rfonnx.comparing.tasks.reader import Batch, Counted, Figure, Reader, TaskOptions
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS, errors
from rfonnx.results.agreement import Measure
from rfonnx.results.array_types import Mask

KEPT, KEPT_ELEMENTS = 2048, 1 << 22
"""Samples whose vectors are kept, as many as hold so many numbers of each model at most: 32 MiB for both."""

NAMED = 5
"""Samples that are named whose neighbour is another one."""


class Embedding(Reader):
    """(samples, width), with any axes: each sample is one vector.

    Neighbours are looked for among kept samples. Of more than fit, each sample has the same chance to be kept (reservoir
    sampling, Vitter 1985, with a fixed seed).
    """

    figures: ClassVar[Mapping[str, Figure]] = ERRORS
    finished: ClassVar[tuple[str, ...]] = ("recall_1", "neighbours")
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "cosine")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Makes room for the vectors."""
        width = max(1, first.teacher[0].size)
        self._room = max(2, min(KEPT, KEPT_ELEMENTS // width))
        self._names: list[str] = []
        self._rows: list[tuple[np.ndarray, np.ndarray]] = []
        self._met = 0
        self._draw = np.random.default_rng(0)
        self._lost: Sequence[str] = ()

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        for name, *rows in zip(batch.samples, *batch.flat(), strict=True):
            self._keep(name, (rows[0].astype(np.float32), rows[1].astype(np.float32)))
        return errors(batch)

    def _keep(self, name: str, rows: tuple[np.ndarray, np.ndarray]) -> None:
        self._met += 1
        if len(self._rows) < self._room:
            self._names.append(name)
            self._rows.append(rows)
        elif (place := int(self._draw.integers(self._met))) < self._room:
            self._names[place], self._rows[place] = name, rows

    def finish(self) -> Mapping[str, Measure]:
        """`recall_1` and `neighbours`, of two samples or more."""
        if len(self._rows) < 2:
            return {}
        teacher, student = (np.stack(rows) for rows in zip(*self._rows, strict=True))
        kept = kept_neighbours(teacher, student)
        self._lost = [self._names[index] for index in np.flatnonzero(~kept).tolist()]
        return {"recall_1": _share(found_again(teacher, student)), "neighbours": _share(kept)}

    def notes(self) -> Sequence[str]:
        """See `Reader`."""
        found = []
        if self._met > len(self._rows):
            found.append(f"neighbours were looked for among {len(self._rows)} of {self._met} samples")
        if self._lost:
            more = f" and {len(self._lost) - NAMED} more" if len(self._lost) > NAMED else ""
            found.append(f"another nearest neighbour than the teacher's: {', '.join(self._lost[:NAMED])}{more}")
        return found


def _share(flags: Mask) -> Measure:
    """The share of samples, with its interval."""
    sums = Bootstrap()
    sums.add({"right": flags.astype(np.float64), "samples": np.ones(len(flags))})
    return Measure(float(flags.mean()), *sums.interval(lambda s: s["right"] / s["samples"]))

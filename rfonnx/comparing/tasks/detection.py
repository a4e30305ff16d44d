"""Boxes around things, in no order: matched, not compared place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.detections import COLUMNS, NEAR, SCORE, SUPPRESS, Reading, decoded, match_sums
from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions, Unsuited
from rfonnx.comparing.tasks.values import WORST_ERRORS, Values
from rfonnx.results.array_types import Floats

MATCH = 0.5
"""Least overlap of a match, as PASCAL VOC has it."""


def _of_raw(figure: Figure) -> Figure:
    """The figure where candidates were compared place by place: decided rows may change places."""
    return Figure(lambda s: figure.of(s) if "dd" in s else s["samples"] * np.nan, figure.interval)


def _f1(sums: Columns) -> Floats:
    return metrics.share(
        sums["found_teacher"] + sums["found_student"], sums["boxes_teacher"] + sums["boxes_student"], np.nan
    )


class Detection(Reader):
    """One sample: raw candidates (4 + classes, n), either way round, or decided rows (n, 5 to 7).

    Rows that are 5 to 7 wide are decided, unless `raw` says otherwise; all else is raw.
    """

    ragged: ClassVar[bool] = True
    figures: ClassVar[Mapping[str, Figure]] = {
        **{name: _of_raw(figure) for name, figure in Values.figures.items()},
        "box_f1": Figure(_f1),
        "boxes_found": Figure(lambda s: metrics.share(s["found_teacher"], s["boxes_teacher"], np.nan)),
        "boxes_confirmed": Figure(lambda s: metrics.share(s["found_student"], s["boxes_student"], np.nan)),
        "box_iou": Figure(lambda s: metrics.share(s["iou"], s["pairs"], np.nan)),
        "score_error": Figure(lambda s: metrics.share(s["score_gap"], s["pairs"], np.nan)),
    }
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "box_f1", "box_iou", "score_error")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Settles how rows are read."""
        width = _sample(first.teacher[0]).shape[1]
        raw = (not options.columns and width not in COLUMNS) if options.raw is None else options.raw
        self._how = Reading(
            raw=raw,
            boxes=options.boxes or ("cxcywh" if raw else "xyxy"),
            objectness=options.objectness,
            columns=options.columns or COLUMNS.get(width, ""),
            score=SCORE if options.threshold is None else options.threshold,
            suppress=SUPPRESS if options.suppress is None else options.suppress,
        )
        self._plain = Values(first, options)
        self._match = MATCH if options.match is None else options.match
        self._boxes = 0.0

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        found = []
        for teacher, student in zip(batch.teacher, batch.student, strict=True):
            one, other = decoded(_sample(teacher), self._how), decoded(_sample(student), self._how)
            found.append(match_sums(one, other, self._how.score, self._match))
        sums = {name: np.array([each[name] for each in found]) for name in found[0]}
        self._boxes += float(sums["boxes_teacher"].sum())
        alike = self._how.raw and batch.teacher.shape == batch.student.shape
        counted = self._plain.count(batch) if alike else Counted({"samples": np.ones(len(found))})
        counted.sums.update(sums)
        return counted

    def places(self, sums: Columns) -> Mapping[str, str]:
        """See `Reader`."""
        lost = sums["boxes_teacher"] - sums["found_teacher"]
        added = sums["boxes_student"] - sums["found_student"]
        channels = self._plain.places(sums) if "dd" in sums else {}
        return {
            **channels,
            "box_f1": f"of the teacher's {sums['boxes_teacher']:.0f} boxes {lost:.0f} lost; {added:.0f} added",
        }

    def notes(self) -> Sequence[str]:
        """See `Reader`."""
        how = self._how
        if how.raw:
            rows = f"4 ({how.boxes}){' + 1 objectness' if how.objectness else ''} + classes, suppressed over IoU {how.suppress:g}"
        else:
            rows = f"{how.columns} ({how.boxes}), suppressed by the model"
        found = [
            f"boxes: {rows}; score at least {how.score:g}, less {NEAR:g} for the partner of one; matched in their class from "
            f"IoU {self._match:g} on"
        ]
        if not self._boxes:
            found.append(f"the teacher finds no box with a score of {how.score:g}: nothing to match")
        return found


def _sample(array: np.ndarray) -> np.ndarray:
    """Rows of one sample, without axes of length 1 in front; a single row may lack its axis.

    Raises:
        Unsuited: it has more or fewer than two axes.
    """
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 1 and len(array) in COLUMNS:
        return array[None]
    if array.ndim != 2:
        raise Unsuited(f"a sample has {array.ndim} axes, and boxes need two: candidates and what is said of each")
    return array

"""Detections from what detectors give: raw candidates (YOLO) or rows that are decided already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.comparing.figures.boxes import BoxLayout, corners, matched, overlaps, suppressed
from rfonnx.errors import QueryError
from rfonnx.results.array_types import Floats, Int64

CANDIDATES = 1000
"""Raw boxes that go into the suppression, best first: what is beyond them is no detection that anybody reads."""

SCORE, SUPPRESS = 0.25, 0.45
"""Least score, and most overlap of two boxes of a class, as YOLOv5 has them."""

NEAR = 0.01
"""Scores so near to the threshold may fall on either side of it: such a box is not missing where the other model has it."""

COLUMNS = {
    5: "box+score",
    6: "box+score+class",
    7: "batch+box+class+score",
}
"""What the columns of decided rows hold, by their number: faces and other detectors of one class; YOLOv10 and most suppression
at the end of a graph; YOLOv7's end-to-end export."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How an output holds detections.

    Attributes:
        raw: candidates of a detector without suppression, (4 + classes, candidates) or the other way round; else decided rows.
        boxes: the layout of boxes.
        objectness: raw candidates hold (4 boxes, 1 objectness, classes), as YOLOv5's and v7's do; a score is the product.
        columns: names of the columns of decided rows, joined by "+".
        score: least score of a detection.
        suppress: overlap over which suppression drops the worse of two raw boxes of a class.
    """

    raw: bool
    boxes: BoxLayout
    objectness: bool = False
    columns: str = ""
    score: float = SCORE
    suppress: float = SUPPRESS


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes (n, 4) as corners, scores (n,) and classes (n,) of one sample."""

    boxes: Floats
    scores: Floats
    classes: Int64


def decoded(sample: np.ndarray, how: Reading) -> Detections:
    """Detections of one sample down to `NEAR` under the least score.

    Args:
        sample: two axes.

    Raises:
        QueryError: the rows cannot be read so.
    """
    return _from_candidates(sample, how) if how.raw else _from_rows(sample, how)


def _from_candidates(sample: np.ndarray, how: Reading) -> Detections:
    if sample.shape[0] > sample.shape[1]:
        sample = sample.T
    first = 5 if how.objectness else 4
    scores = sample[first:].astype(np.float64)
    if how.objectness:
        scores = scores * sample[4]
    best, classes = scores.max(0), scores.argmax(0)
    chosen = np.flatnonzero(best >= how.score - NEAR)
    chosen = chosen[np.argsort(-best[chosen], kind="stable")[:CANDIDATES]]
    boxes = corners(sample[:4, chosen].T, how.boxes)
    stay = suppressed(boxes, best[chosen], classes[chosen], how.suppress)
    return Detections(boxes[stay], best[chosen][stay], classes[chosen][stay])


def column_names(words: str) -> list[str]:
    """What each column of a row holds: "box" stands four times.

    >>> column_names("class+box")
    ['class', 'box', 'box', 'box', 'box']
    """
    return [name for word in words.split("+") for name in ([word] * 4 if word == "box" else [word])]


def box_columns(names: Sequence[str]) -> list[int]:
    """Columns that hold the box."""
    return [index for index, name in enumerate(names) if name == "box"]


def _from_rows(sample: np.ndarray, how: Reading) -> Detections:
    names = column_names(how.columns)
    if len(names) != sample.shape[1]:
        raise QueryError(
            f"rows of {sample.shape[1]} numbers were to be read as {how.columns}, which is {len(names)}",
            "name the columns, such as --task OUTPUT=detection:columns=class+score+box",
        )
    boxes = corners(sample[:, box_columns(names)], how.boxes)
    scores = sample[:, names.index("score")].astype(np.float64)
    classes = np.zeros(len(sample)) if "class" not in names else sample[:, names.index("class")].astype(np.float64)
    keep = scores >= how.score - NEAR
    return Detections(boxes[keep], scores[keep], np.rint(classes[keep]).astype(np.int64))


def match_sums(teacher: Detections, student: Detections, score: float, overlap: float) -> dict[str, float]:
    """One sample: how many boxes each model has, how many the other has too, and how well those agree.

    Boxes match greedily within their class (`boxes.matched`). A box counts when its score is at least `score`; it is found
    when its partner's score is at least `score - NEAR`.

    Returns: boxes_teacher, boxes_student; found_teacher and found_student, how many of these have a partner; pairs, and over
        pairs the sums iou and score_gap, |score difference|.
    """
    shared = overlaps(teacher.boxes, student.boxes) * (teacher.classes[:, None] == student.classes[None, :])
    a, b = matched(shared, overlap)
    sure_t, sure_s = teacher.scores >= score, student.scores >= score
    counted = sure_t[a] | sure_s[b]
    a, b = a[counted], b[counted]
    return {
        "boxes_teacher": float(sure_t.sum()),
        "boxes_student": float(sure_s.sum()),
        "found_teacher": float(sure_t[a].sum()),
        "found_student": float(sure_s[b].sum()),
        "pairs": float(len(a)),
        "iou": float(shared[a, b].sum()),
        "score_gap": float(np.abs(teacher.scores[a] - student.scores[b]).sum()),
    }

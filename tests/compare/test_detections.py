"""Detections: each way in which detectors hold them, and sums against boxes set by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rfonnx.comparing.figures.detections import Detections, Reading, decoded, match_sums
from rfonnx.errors import QueryError

BOXES = np.array([[10.0, 10, 30, 40], [50, 12, 80, 60], [11, 11, 31, 41]])
SCORES = np.array([0.9, 0.6, 0.5])
CLASSES = np.array([1, 0, 1])
RAW = Reading(raw=True, boxes="cxcywh")


def candidates(objectness: bool = False) -> np.ndarray:
    """(4 + 2 or 5 + 2, 9): the three boxes, the last of them a worse answer to the first, and six that say nothing."""
    made = np.zeros((7 if objectness else 6, 9))
    made[:2, :3], made[2:4, :3] = ((BOXES[:, :2] + BOXES[:, 2:]) / 2).T, (BOXES[:, 2:] - BOXES[:, :2]).T
    first = 5 if objectness else 4
    made[first + CLASSES, np.arange(3)] = SCORES * (2 if objectness else 1)
    if objectness:
        made[4] = 0.5
    return made


@pytest.mark.parametrize("objectness", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_raw_candidates(objectness: bool, turned: bool) -> None:
    sample = candidates(objectness)
    found = decoded(sample.T if turned else sample, Reading(raw=True, boxes="cxcywh", objectness=objectness))
    np.testing.assert_allclose(found.boxes, BOXES[:2])
    np.testing.assert_allclose(found.scores, SCORES[:2])
    assert found.classes.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("columns", "order"),
    [("box+score+class", [0, 1, 2, 3, 4, 5]), ("class+score+box", [5, 4, 0, 1, 2, 3]), ("box+score", [0, 1, 2, 3, 4])],
)
def test_decided_rows(columns: str, order: list[int]) -> None:
    rows = np.concatenate([BOXES, SCORES[:, None], CLASSES[:, None]], 1)[:, order]
    found = decoded(rows, Reading(raw=False, boxes="xyxy", columns=columns, score=0.55))
    np.testing.assert_allclose(found.boxes, BOXES[:2])
    assert found.classes.tolist() == ([1, 0] if "class" in columns else [0, 0])


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(QueryError, match=r"rows of 9 numbers were to be read as box\+score, which is 5"):
        decoded(np.zeros((2, 9)), Reading(raw=False, boxes="xyxy", columns="box+score"))


def test_a_model_agrees_with_itself() -> None:
    same = Detections(BOXES[:2], SCORES[:2], CLASSES[:2])
    assert match_sums(same, same, 0.25, 0.5) == {
        "boxes_teacher": 2, "boxes_student": 2, "found_teacher": 2, "found_student": 2, "pairs": 2, "iou": 2, "score_gap": 0,
    }  # fmt: skip


def test_lost_moved_and_renamed_boxes() -> None:
    teacher = Detections(BOXES[:2], SCORES[:2], CLASSES[:2])
    moved = Detections(BOXES[:1] + np.array([0, 0, 0, 10]), SCORES[:1] - 0.2, CLASSES[:1])
    sums = match_sums(teacher, moved, 0.25, 0.5)
    assert (sums["found_teacher"], sums["found_student"], sums["boxes_student"]) == (1, 1, 1)
    assert sums["iou"] == pytest.approx(0.75)
    assert sums["score_gap"] == pytest.approx(0.2)
    renamed = match_sums(teacher, Detections(BOXES[:2], SCORES[:2], 1 - CLASSES[:2]), 0.25, 0.5)
    assert renamed["found_teacher"] == renamed["pairs"] == 0


def test_a_score_just_under_the_threshold_is_no_loss() -> None:
    """The student's 0.249 answers the teacher's 0.251; its 0.2 would not."""
    teacher = Detections(BOXES[:1], np.array([0.251]), CLASSES[:1])
    for score, found in ((0.249, 1), (0.2, 0)):
        sample = np.concatenate([BOXES[0], [score, CLASSES[0]]])[None]
        student = decoded(sample, Reading(raw=False, boxes="xyxy", columns="box+score+class"))
        sums = match_sums(teacher, student, 0.25, 0.5)
        assert (sums["found_teacher"], sums["boxes_student"]) == (found, 0)
    both_under = Detections(BOXES[:1], np.array([0.245]), CLASSES[:1])
    assert match_sums(both_under, both_under, 0.25, 0.5)["pairs"] == 0

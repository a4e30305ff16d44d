"""Which kind of task an output is when nobody says: what the file or the rows prove, with the reason."""

from __future__ import annotations

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.detections import COLUMNS, box_columns, column_names
from rfonnx.comparing.tasks.hints import Hint
from rfonnx.comparing.tasks.reader import Batch
from rfonnx.comparing.tasks.segmentation import MAX_CLASSES, class_axis_of
from rfonnx.results.agreement import Task

DECIDED = "rows hold two corners, a score and a class"
"""Why rows are boxes."""

Decision = tuple[Task, str]
"""The task, and why."""

ROWS = 512
"""Rows of scores that are looked at."""

EVEN = 0.9
"""Share of the largest possible entropy from which on rows prefer no class: standard normal numbers have 0.92 in 512 columns,
landmarks in 0..1 have 0.99, a trained classifier's logits under 0.6."""

CONSTANT = 25.0
"""Times by which columns vary more among each other than over samples, from which on rows are coordinates: of 68 points in
aligned faces over 100, of logits on images of one class about 2."""

UNIT = 1e-3
"""How far the length of a row may be from 1."""

FEWEST_CLASSES = 16
"""Columns from which on steps may be logits: of fewer numbers one is often the largest by far."""


def task_of(first: Batch, hint: Hint) -> Decision:
    """How outputs are read when nobody says.

    Args:
        first: a batch; its teacher's rows decide.
    """
    teacher, student = first.teacher, first.student
    if teacher.dtype.kind in "iub" and student.dtype.kind in "iub":
        return "labels", "whole numbers"
    if decided_rows(teacher):
        return "detection", DECIDED
    if hint.task == "detect" and teacher.ndim == 3 and min(teacher.shape[1:]) > 4:
        return "detection", "the file's metadata say task: detect"
    if teacher.ndim > 1 and teacher.shape[1] > 1 and all(length == 1 for length in teacher.shape[2:]):
        return _of_rows(teacher.reshape(len(teacher), -1), hint)
    if teacher.ndim == 3:
        return _of_steps(teacher, hint)
    if teacher.ndim >= 4:
        return _of_positions(teacher, hint)
    return "values", "nothing tells what they mean"


def _of_rows(rows: np.ndarray, hint: Hint) -> Decision:
    if rows.shape[1] <= MAX_CLASSES * 100 and metrics.are_probabilities(rows):
        return "classifier", "rows sum to one"
    if hint.operator.endswith("Softmax"):
        return "classifier", f"{hint.operator} makes them"
    if hint.operator.endswith("Sigmoid"):
        return "multilabel", f"{hint.operator} makes them"
    if unit_rows(rows):
        return "embedding", "rows have the length 1"
    if even(rows):
        return "values", "rows prefer no class, so they are no logits"
    if coordinates(rows):
        return "values", "columns differ from each other far more than over samples, so they are no logits"
    return "classifier", "rows prefer a class each, as logits do"


def _of_steps(array: np.ndarray, hint: Hint) -> Decision:
    rows = array.reshape(-1, array.shape[-1])
    if array.shape[-1] > 1 and (hint.operator.endswith("Softmax") or metrics.are_probabilities(rows)):
        return "tokens", "scores of each step sum to one"
    if hint.operator.endswith("Sigmoid"):
        return "multilabel", f"{hint.operator} makes them"
    if array.shape[-1] >= FEWEST_CLASSES and both_signs(rows) and not even(rows) and not coordinates(rows):
        return "tokens", "steps prefer a class each, as logits do"
    return "values", "nothing tells what they mean"


def _of_positions(array: np.ndarray, hint: Hint) -> Decision:
    axis = class_axis_of(array)
    classes = array.shape[axis]
    rows = np.moveaxis(array, axis, -1).reshape(-1, classes)
    if hint.operator.endswith("Sigmoid"):
        why = f"{hint.operator} makes them"
        return ("segmentation", f"{why}, one class against none") if classes == 1 else ("multilabel", why)
    if not 2 <= classes <= MAX_CLASSES:
        return "values", "nothing tells what they mean"
    if hint.operator.endswith("Softmax") or metrics.are_probabilities(rows):
        return "segmentation", "scores of each position sum to one"
    if both_signs(rows) and not even(rows):
        return "segmentation", "positions prefer a class each, as logits do"
    return "values", "positions prefer no class, so they are no logits"


def decided_rows(array: np.ndarray) -> bool:
    """Whether rows (samples, n, 6) hold x1, y1, x2, y2, score and class, or (samples, n, 7) what YOLOv7 writes.

    Rows of zeros are padding.
    """
    if array.ndim != 3 or array.shape[2] not in COLUMNS or array.shape[2] < 6 or not array.size:
        return False
    names = column_names(COLUMNS[array.shape[2]])
    rows = array.reshape(-1, array.shape[2]).astype(np.float64)
    rows = rows[(rows != 0).any(1)]
    box = rows[:, box_columns(names)]
    score, classes = rows[:, names.index("score")], rows[:, names.index("class")]
    return bool(
        len(rows)
        and (box[:, 2:] >= box[:, :2]).all()
        and (box[:, 2:] > box[:, :2]).any()
        and ((score >= 0) & (score <= 1)).all()
        and (score % 1 != 0).any()
        and ((classes >= 0) & (classes % 1 == 0)).all()
    )


def unit_rows(rows: np.ndarray) -> bool:
    """Whether all rows have the length 1."""
    length = np.sqrt((rows.astype(np.float64) ** 2).sum(1))
    return bool((np.abs(length - 1) < UNIT).all())


def both_signs(rows: np.ndarray) -> bool:
    """Whether a tenth or more is negative, and as much positive: scores and pixels begin at zero, logits do not."""
    return bool(min((rows < 0).mean(), (rows > 0).mean()) >= 0.1)


def even(rows: np.ndarray) -> bool:
    """Whether the softmax of rows is nearly even, on average: the entropy is at least `EVEN` of the largest possible one."""
    log_p = metrics.log_probabilities(_some(rows), False, 1.0)
    entropy = -(np.exp(log_p) * log_p).sum(1).mean()
    return bool(entropy >= EVEN * np.log(rows.shape[1]))


def coordinates(rows: np.ndarray) -> bool:
    """Whether columns vary among each other more than `CONSTANT` times as much as over rows; never of fewer than 4 rows."""
    some = _some(rows).astype(np.float64)
    if len(some) < 4:
        return False
    return bool(some.mean(0).var() > CONSTANT * some.var(0).mean())


def _some(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, len(rows) // ROWS)][:ROWS]

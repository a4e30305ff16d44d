"""Every kind of task, and which one an output is when nobody says."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.compare.tasks.classifier import Classifier
from rfonnx.compare.tasks.detection import Detection
from rfonnx.compare.tasks.embedding import Embedding
from rfonnx.compare.tasks.multilabel import Multilabel
from rfonnx.compare.tasks.reader import Batch, Reader
from rfonnx.compare.tasks.regression import Regression
from rfonnx.compare.tasks.segmentation import MAX_CLASSES, Labels, Segmentation
from rfonnx.compare.tasks.sequence import Strings
from rfonnx.compare.tasks.tokens import Tokens
from rfonnx.compare.tasks.values import Values
from rfonnx.comparison import Task

READERS: Mapping[Task, type[Reader]] = {
    "values": Values,
    "classifier": Classifier,
    "segmentation": Segmentation,
    "labels": Labels,
    "multilabel": Multilabel,
    "regression": Regression,
    "embedding": Embedding,
    "tokens": Tokens,
    "sequence": Strings,
    "detection": Detection,
}

OLD_NAMES: Mapping[str, Task] = {"dense": "segmentation"}
"""What tasks were called, and still may be."""


def task_of(first: Batch) -> Task:
    """How outputs are read when nobody says.

    (n, classes) floats are a classifier's scores, (n, classes, 1, 1) too; (n, classes, rows, columns, ...) floats are scores
    of a segmentation; whole numbers are classes; all else is plain numbers.
    """
    teacher, student = first.teacher, first.student
    if teacher.dtype.kind in "iub" and student.dtype.kind in "iub":
        return "labels"
    classes = teacher.shape[1] if teacher.ndim > 1 else 0
    if classes >= 2 and all(length == 1 for length in teacher.shape[2:]):
        return "classifier"
    if teacher.ndim >= 4 and 2 <= classes <= MAX_CLASSES:
        return "segmentation"
    return "values"

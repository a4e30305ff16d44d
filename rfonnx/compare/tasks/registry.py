"""Every kind of task."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.compare.tasks.classifier import Classifier
from rfonnx.compare.tasks.detection import Detection
from rfonnx.compare.tasks.embedding import Embedding
from rfonnx.compare.tasks.multilabel import Multilabel
from rfonnx.compare.tasks.reader import Reader
from rfonnx.compare.tasks.regression import Regression
from rfonnx.compare.tasks.rows import Rows
from rfonnx.compare.tasks.segmentation import Labels, Segmentation
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
    "rows": Rows,
}

OLD_NAMES: Mapping[str, Task] = {"dense": "segmentation"}
"""What tasks were called, and still may be."""

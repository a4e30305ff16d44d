"""Every kind of task."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.comparing.tasks.classifier import Classifier
from rfonnx.comparing.tasks.detection import Detection
from rfonnx.comparing.tasks.embedding import Embedding
from rfonnx.comparing.tasks.multilabel import Multilabel
from rfonnx.comparing.tasks.reader import Reader
from rfonnx.comparing.tasks.regression import Regression
from rfonnx.comparing.tasks.rows import Rows
from rfonnx.comparing.tasks.segmentation import Labels, Segmentation
from rfonnx.comparing.tasks.sequence import Strings
from rfonnx.comparing.tasks.tokens import Tokens
from rfonnx.comparing.tasks.values import Values
from rfonnx.results.agreement import Task

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

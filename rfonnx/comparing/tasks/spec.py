"""A task as the user writes it: `sequence`, `detection:score=0.4,columns=class+score+box`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, cast, get_args

from rfonnx.comparing.figures.boxes import BoxLayout
from rfonnx.comparing.tasks.reader import TaskOptions
from rfonnx.comparing.tasks.registry import OLD_NAMES, READERS
from rfonnx.errors import QueryError
from rfonnx.results.agreement import Task
from rfonnx.results.ranges import SHARE

Read = Callable[[str], Any]
"""Raises ValueError, with what is expected, where the text means nothing."""


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if value not in SHARE:
        raise ValueError(str(SHARE))
    return value


def _axis(text: str) -> int:
    if not text.removeprefix("-").isdecimal() or len(text) > 3:
        raise ValueError("the number of an axis")
    return int(text)


def _blank(text: str) -> int:
    if text == "last":
        return -1
    if not text.isdecimal() or len(text) > 9:
        raise ValueError("a class number, or last")
    return int(text)


def _choice(words: Mapping[str, Any]) -> Read:
    def read(text: str) -> Any:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return words[text]

    return read


def _columns(text: str) -> str:
    names = text.split("+")
    if not {"box", "score"} <= set(names) <= {"box", "score", "class", "batch", "other"} or any(
        names.count(name) > 1 for name in set(names) - {"other"}
    ):
        raise ValueError("box and score, and perhaps class, batch or other, joined by +, such as class+score+box")
    return text


YES_NO = {"yes": True, "no": False}

KEYS: Mapping[Task, Mapping[str, tuple[str, Read]]] = {
    "segmentation": {"axis": ("class_axis", _axis), "threshold": ("threshold", _share)},
    "multilabel": {"axis": ("class_axis", _axis), "threshold": ("threshold", _share)},
    "tokens": {"axis": ("class_axis", _axis)},
    "sequence": {"axis": ("class_axis", _axis), "blank": ("blank", _blank)},
    "detection": {
        "score": ("threshold", _share),
        "match": ("match", _share),
        "suppress": ("suppress", _share),
        "boxes": ("boxes", _choice({name: name for name in get_args(BoxLayout)})),
        "columns": ("columns", _columns),
        "raw": ("raw", _choice(YES_NO)),
        "objectness": ("objectness", _choice(YES_NO)),
    },
}
"""What may be said of a task, as fields of `TaskOptions`, and how it is read."""


def read_task(text: str, options: TaskOptions) -> tuple[Task | Literal["auto"], TaskOptions]:
    """A task and its options, from "TASK" or "TASK:KEY=VALUE,KEY=VALUE"; "auto" takes none.

    Args:
        options: what holds where the text says nothing.

    Raises:
        QueryError: there is no such task, it takes no such key, or a value means nothing.
    """
    if text == "auto":
        return "auto", options
    word, _, rest = text.partition(":")
    if word not in READERS and word not in OLD_NAMES:
        raise QueryError(f"there is no task '{word}'", f"there are {', '.join(READERS)}")
    task = OLD_NAMES.get(word, cast(Task, word))
    keys = KEYS.get(task) or {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key not in keys:
            known = f"it takes {', '.join(keys)}" if keys else "it takes none"
            raise QueryError(f"the task '{task}' has no option '{key}'", known)
        field, read = keys[key]
        try:
            options = replace(options, **{field: read(value)})
        except ValueError as expected:
            problem = f"{key} of the task '{task}' is '{value}', expected {expected}"
            raise QueryError(problem, f"such as {EXAMPLES[key]}") from None
    return task, options


EXAMPLES = {
    "axis": "axis=1", "threshold": "threshold=0.3", "blank": "blank=last", "score": "score=0.4", "match": "match=0.5",
    "suppress": "suppress=0.7", "boxes": "boxes=cxcywh", "columns": "columns=class+score+box", "raw": "raw=yes",
    "objectness": "objectness=yes",
}  # fmt: skip

"""The support table as JSON. Layout: `format` as in `rfonnx.results.plain`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TypedDict

from rfonnx.results.fields import OpSupport
from rfonnx.results.plain import HEAD


class Operators(TypedDict):
    """The operators that are known, and how each is handled: the JSON of `rfonnx ops`.

    Attributes:
        opset: the newest one of ai.onnx that the installed onnx knows.
        operators: by domain and name.
    """

    opset: int
    operators: Sequence[OpSupport]


def ops_json(ops: Sequence[OpSupport], opset: int) -> Iterator[str]:
    """The support table as JSON, one operator a line."""
    head = {**HEAD, "opset": opset}
    lines = ",\n".join(json.dumps(op._asdict()) for op in ops)
    yield f'{json.dumps(head)[:-1]}, "operators": [\n{lines}\n]}}\n'

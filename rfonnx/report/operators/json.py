"""The support table as JSON. Layout: `format` as in `rfonnx.results.plain`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rfonnx.results.fields import OpSupport
from rfonnx.results.plain import HEAD


def ops_json(ops: Sequence[OpSupport], opset: int) -> Iterator[str]:
    """The support table as JSON, one operator a line."""
    head = {**HEAD, "opset": opset}
    lines = ",\n".join(json.dumps(op._asdict()) for op in ops)
    yield f'{json.dumps(head)[:-1]}, "operators": [\n{lines}\n]}}\n'

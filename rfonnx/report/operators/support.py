"""The support table: which operators have a rule, for people and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rfonnx.report.document import Document, Table
from rfonnx.results.fields import OpSupport, SupportState
from rfonnx.results.plain import FORMAT
from rfonnx.version import __version__

STATES: dict[SupportState, str] = {
    "rule": "lowered by a rule",
    "everything": "declared to read any position, for the reason given",
    "constant": "without inputs, so it depends on none",
    "unsupported": "without a rule: taken to read any position, and flagged",
}


def ops_document(ops: Sequence[OpSupport], opset: int) -> Document:
    """The support table as a document; `opset` is the newest that the installed onnx knows."""
    counts = Counter(op.state for op in ops)
    head = [(f"Operators and how they are handled, up to opset {opset}",)]
    head += [(f"{counts[state]} {state}: {meaning}",) for state, meaning in STATES.items() if counts[state]]
    rows = tuple((_name(op), _opsets(op), op.state, op.reason) for op in ops)
    alarm = frozenset(index for index, op in enumerate(ops) if op.state == "unsupported")
    return Document(
        tuple(head),
        (Table(("operator", "opsets", "support", "reason"), rows, (f"{len(ops)} operators",), alarm=alarm),),
        (),
    )


def ops_json(ops: Sequence[OpSupport], opset: int) -> Iterator[str]:
    """The support table as JSON, one operator a line."""
    head = {"format": FORMAT, "rfonnx": __version__, "opset": opset}
    lines = ",\n".join(json.dumps(asdict(op)) for op in ops)
    yield f'{json.dumps(head)[:-1]}, "operators": [\n{lines}\n]}}\n'


def _name(op: OpSupport) -> str:
    return f"{op.domain}.{op.op_type}" if op.domain else op.op_type


def _opsets(op: OpSupport) -> str:
    return "" if op.first is None else f"{op.first}..{op.last}"

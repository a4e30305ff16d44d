"""The support table, for people: which operators have a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rfonnx.report.document import Document, Table
from rfonnx.results.fields import OpSupport, SupportState

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
    )


def _name(op: OpSupport) -> str:
    return f"{op.domain}.{op.op_type}" if op.domain else op.op_type


def _opsets(op: OpSupport) -> str:
    return "" if op.first is None else f"{op.first}..{op.last}"

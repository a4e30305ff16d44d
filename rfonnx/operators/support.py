"""Which operators are supported, and how: the registries held against the operators that the installed onnx knows."""

from __future__ import annotations

from functools import cache

import onnx.defs

from rfonnx.operators.access.op import find, reason_for_everything, registered
from rfonnx.operators.table import operator
from rfonnx.results.fields import OpSupport

DOMAINS = ("", "ai.onnx.ml")
"""Domains whose operators are listed even when nobody wrote a rule. The others (training) are not for inference."""


@cache
def support() -> tuple[OpSupport, ...]:
    """Every registered operator, and every operator of `DOMAINS`; by domain and name."""
    schemas: dict[str, list[onnx.defs.OpSchema]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        kind = f"{schema.domain}.{schema.name}" if schema.domain else schema.name
        schemas.setdefault(kind, []).append(schema)
    listed = {kind for kind, history in schemas.items() if history[0].domain in DOMAINS}
    supported = [_support(kind, schemas.get(kind, [])) for kind in listed | registered().keys()]
    return tuple(sorted(supported, key=lambda op: (op.domain, op.op_type)))


def handled(kind: str) -> bool:
    """Whether somebody wrote down what an operator reads, be it anything."""
    return find(kind) is not None or operator(kind).left_to_body("reads") or reason_for_everything(kind) is not None


def newest_opset() -> int:
    """Newest opset of ai.onnx that the installed onnx knows."""
    return onnx.defs.onnx_opset_version()


def _support(kind: str, history: list[onnx.defs.OpSchema]) -> OpSupport:
    domain, _, op_type = kind.rpartition(".")
    first, last = _opsets(domain, history)
    if find(kind) is not None or operator(kind).left_to_body("reads"):
        return OpSupport(domain, op_type, first, last, "rule", "")
    reason = reason_for_everything(kind)
    if reason is not None:
        return OpSupport(domain, op_type, first, last, "everything", reason)
    without_inputs = bool(history) and all(schema.max_input == 0 for schema in history)
    return OpSupport(domain, op_type, first, last, "constant" if without_inputs else "unsupported", "")


def _opsets(domain: str, history: list[onnx.defs.OpSchema]) -> tuple[int | None, int | None]:
    """First and last opset of its domain that has an operator: to the newest known, unless it was deprecated for good."""
    versions = {schema.since_version: schema.deprecated for schema in history}
    if not versions:
        return None, None
    latest = max(versions)
    newest = onnx.defs.onnx_ml_opset_version() if domain == "ai.onnx.ml" else newest_opset()
    return min(versions), latest - 1 if versions[latest] else newest

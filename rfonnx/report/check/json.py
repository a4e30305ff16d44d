"""Findings as JSON. Layout: `format` as in `rfonnx.results.plain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rfonnx.report.check.counts import rule_counts
from rfonnx.report.data import as_json
from rfonnx.results.findings import CheckResult, CheckRun, Severity
from rfonnx.results.plain import plain


def check_json(run: CheckRun) -> Iterator[str]:
    """One JSON object, keys in a fixed order."""
    models = [_model(result, run.level) for result in run.results]
    return as_json({"passed": run.passed, "fail_level": run.level, "config": run.config or None, "models": models})


def _model(result: CheckResult, level: Severity) -> dict[str, Any]:
    outcomes = result.outcomes(level)
    return {
        "model": result.model,
        "passed": result.passed(level),
        "error": result.unread or None,
        "counts": {"rules": len(result.rules), **rule_counts(result, level)},
        "rules": [
            {"rule": info.id, "name": info.name, "named": info.id in result.named, "outcome": outcomes[info.id]}
            for info in result.rules.values()
        ],
        "findings": plain(result.findings),
    }

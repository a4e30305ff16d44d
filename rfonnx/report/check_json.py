"""Findings as JSON. Layout: `format` as in `rfonnx.plain`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rfonnx.findings import CheckResult, Severity
from rfonnx.plain import FORMAT
from rfonnx.version import __version__


def report(results: Sequence[CheckResult], level: Severity) -> Iterator[str]:
    """One JSON object, keys in a fixed order."""
    document = {
        "format": FORMAT,
        "rfonnx": __version__,
        "passed": not any(result.failed(level) for result in results),
        "fail_level": level,
        "models": [_model(result, level) for result in results],
    }
    yield json.dumps(document, indent=1) + "\n"


def _model(result: CheckResult, level: Severity) -> dict[str, Any]:
    return {
        "model": result.model,
        "passed": not result.failed(level),
        "findings": [
            {
                "rule": finding.rule,
                "name": finding.name,
                "severity": finding.severity,
                "status": finding.status,
                "tensor": finding.tensor,
                "message": finding.message,
            }
            for finding in result.findings
        ],
    }

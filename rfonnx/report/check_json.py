"""Findings as JSON. Layout: `format` as in `rfonnx.plain`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rfonnx.findings import CheckResult, Severity
from rfonnx.plain import FORMAT
from rfonnx.version import __version__


def report(result: CheckResult, level: Severity) -> Iterator[str]:
    """One JSON object, keys in a fixed order."""
    document = {
        "format": FORMAT,
        "rfonnx": __version__,
        "model": result.model,
        "passed": not result.failed(level),
        "fail_level": level,
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
    yield json.dumps(document, indent=1) + "\n"

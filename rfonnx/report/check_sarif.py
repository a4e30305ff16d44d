"""Findings as SARIF 2.1.0 (OASIS), for code scanning: a result per failure, the tensor as a logical location in the
model's file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rfonnx.findings import CheckResult, Finding, RuleInfo, Severity
from rfonnx.report.escape import printable
from rfonnx.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
KINDS = {"fail": "fail", "pass": "pass", "skip": "notApplicable"}


def report(results: Sequence[CheckResult], level: Severity) -> Iterator[str]:
    """A run per model. Results that hold or do not apply are there with their kind; `level` does not change what is reported."""
    yield (
        json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result) for result in results]}, indent=1)
        + "\n"
    )


def _run(result: CheckResult) -> dict[str, Any]:
    numbers = {rule: index for index, rule in enumerate(result.rules)}
    rules = [_rule(info) for info in result.rules.values()]
    return {
        "tool": {"driver": {"name": "rfonnx", "semanticVersion": __version__, "rules": rules}},
        # Code scanning keeps one analysis per category: without it, the second model would replace the first.
        "automationDetails": {"id": f"rfonnx/{_uri(result.model)}/"},
        "artifacts": [{"location": {"uri": _uri(result.model)}}],
        "results": [_result(finding, result.model, numbers) for finding in result.findings],
    }


def _rule(info: RuleInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": "".join(word.title() for word in info.name.split("-")),
        "shortDescription": {"text": info.summary},
        "fullDescription": {"text": info.explanation},
        "help": {"text": info.explanation},
        "defaultConfiguration": {"level": info.severity},
    }


def _result(finding: Finding, model: str, numbers: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(model), "index": 0}, "region": {"startLine": 1}}
    }
    if finding.tensor:
        location["logicalLocations"] = [{"name": printable(finding.tensor), "kind": "value"}]
    subject = f"{finding.tensor}: " if finding.tensor else ""
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "kind": KINDS[finding.status],
        # SARIF: a result that is no failure has the level "none".
        "level": finding.severity if finding.status == "fail" else "none",
        "message": {"text": printable(subject + finding.message)},
        "locations": [location],
        "partialFingerprints": {"finding/v1": f"{finding.rule}:{printable(finding.tensor)}"},
    }


def _uri(model: str) -> str:
    """The path as a URI reference: relative paths stay relative, which code scanning resolves against the repository."""
    path = PurePath(model)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())

"""Findings as SARIF 2.1.0 (OASIS), for code scanning: a result per failure, the tensor as a logical location in the
model's file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rfonnx.report.check.counts import full_message, unjudged
from rfonnx.report.escape import printable
from rfonnx.results.findings import CheckResult, CheckRun, Finding, RuleInfo, Severity
from rfonnx.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def check_sarif(run: CheckRun) -> Iterator[str]:
    """A run per model. Failures alone are results: code hosts show every result as an alert. What was skipped or could not
    be tried is a notification of the invocation; the fail level does not change what is reported."""
    runs = [_run(result, run.level) for result in run.results]
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1) + "\n"


def _run(result: CheckResult, level: Severity) -> dict[str, Any]:
    numbers = {rule: index for index, rule in enumerate(result.rules)}
    rules = [_rule(info) for info in result.rules.values()]
    bad = [finding for finding in result.findings if finding.status in ("fail", "error")]
    return {
        "tool": {"driver": {"name": "rfonnx", "semanticVersion": __version__, "rules": rules}},
        # Code scanning keeps one analysis per category: without it, the second model would replace the first.
        "automationDetails": {"id": f"rfonnx/{_uri(result.model)}/"},
        "artifacts": [{"location": {"uri": _uri(result.model)}}],
        "invocations": [_invocation(result, level, numbers)],
        "results": [_result(finding, result.model, numbers) for finding in bad],
    }


def _invocation(result: CheckResult, level: Severity, numbers: dict[str, int]) -> dict[str, Any]:
    """Whether everything that was asked for was tried; what was not, and what did not apply."""
    reason = unjudged(result, level)
    told = [_notification("error", reason)] if reason else []
    for finding in result.findings:
        untried = ((finding.rule,) if finding.status == "error" else ()) + finding.untried
        told += [
            _notification("error", f"{rule} could not be tried: {finding.message}", rule, numbers) for rule in untried
        ]
        if finding.status == "skip":
            told.append(_notification("note", f"{finding.rule} was skipped: {finding.message}", finding.rule, numbers))
    successful = all(one["level"] != "error" for one in told)
    return {"executionSuccessful": successful, "toolExecutionNotifications": told}


def _notification(
    level: Severity, message: str, rule: str = "", numbers: Mapping[str, int] | None = None
) -> dict[str, Any]:
    about = {"associatedRule": {"id": rule, "index": numbers[rule]}} if numbers else {}
    return {"level": level, "message": {"text": printable(message)}, **about}


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
        "kind": "fail",
        "level": finding.severity,
        "message": {"text": printable(subject + full_message(finding))},
        "locations": [location],
        "partialFingerprints": {"finding/v1": f"{finding.rule}:{printable(finding.tensor)}"},
    }


def _uri(model: str) -> str:
    """The path as a URI reference: relative paths stay relative, which code scanning resolves against the repository."""
    path = PurePath(model)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))

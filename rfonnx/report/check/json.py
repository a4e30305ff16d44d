"""Findings as JSON. Layout: `format` as in `rfonnx.results.plain`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from rfonnx.report.check.counts import rule_counts
from rfonnx.report.data import as_json
from rfonnx.results.findings import CheckResult, CheckRun, Finding, Outcome, Severity
from rfonnx.results.plain import plain


class Counts(TypedDict):
    """How many rules came out how; the others sum to `rules`.

    Attributes:
        rules: all that were to run.
        fine: nothing is wrong.
        failed: there is a failure of the fail level.
        warned: there are failures, all below it.
        untried: could not be tried.
        skipped: have nothing to look at in this model.
    """

    rules: int
    fine: int
    failed: int
    warned: int
    untried: int
    skipped: int


class RuleRow(TypedDict):
    """One rule, and what became of it.

    Attributes:
        rule: its id.
        name: its name.
        named: it was asked for by name, not by default.
        outcome: what became of it: a key of `Counts`.
    """

    rule: str
    name: str
    named: bool
    outcome: Outcome


class ModelRow(TypedDict):
    """What was found of one model.

    Attributes:
        model: the file as it was given.
        passed: something was checked, all of it was tried, and nothing failed.
        error: why no rule could be tried, or null.
        counts: how many rules came out how.
        rules: each that was to run.
        findings: what they say, in order of the rules.
    """

    model: str
    passed: bool
    error: str | None
    counts: Counts
    rules: list[RuleRow]
    findings: Sequence[Finding]


class Checked(TypedDict):
    """What rules found: the JSON of `rfonnx check`.

    Attributes:
        passed: every model passed.
        fail_level: the severity from which findings fail the check.
        config: the configuration file that was read, or null.
        models: each that was given.
    """

    passed: bool
    fail_level: Severity
    config: str | None
    models: list[ModelRow]


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

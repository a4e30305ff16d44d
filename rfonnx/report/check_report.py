"""A check's findings in any format. A new format is a new function and a line in `STYLES`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol

from rfonnx.findings import CheckResult, Finding, Parameter, RuleInfo, Severity
from rfonnx.report.document import Document, Line, Name, Section, Table

STYLES = {
    "text": "rfonnx.report.check_report",
    "json": "rfonnx.report.check_json",
    "github": "rfonnx.report.check_github",
    "junit": "rfonnx.report.check_junit",
    "sarif": "rfonnx.report.check_sarif",
    "markdown": "rfonnx.report.check_report",
}


class Writer(Protocol):
    """Writes findings in one format, in pieces that together end with a newline."""

    def __call__(self, results: Sequence[CheckResult], level: Severity) -> Iterator[str]: ...


def check_report(results: Sequence[CheckResult], level: Severity, style: str) -> Iterator[str]:
    """The findings on models, in a format of `STYLES` or for a "terminal"; failures under `level` do not fail the check."""
    if style in ("text", "terminal", "markdown"):
        from rfonnx.report import render

        return (piece for result in results for piece in render(check_document(result, level), style))
    writer: Writer = import_module(STYLES[style]).report
    return writer(results, level)


def check_document(result: CheckResult, level: Severity) -> Document:
    """The findings as a document, failures first."""
    counts = {status: sum(f.status == status for f in result.findings) for status in ("pass", "fail", "skip")}
    failed = len(result.failed(level))
    outcome = f"FAILED ({failed} findings)" if failed else "passed"
    head: list[Line] = [(Name(result.model), f": {outcome}")]
    head.append(
        (f"{len(result.rules)} rules: {counts['pass']} fine, {counts['fail']} failed, {counts['skip']} skipped",)
    )
    order = {"fail": 0, "skip": 2, "pass": 1}
    findings = sorted(result.findings, key=lambda finding: order[finding.status])
    rows = tuple(_row(finding) for finding in findings)
    alarm = frozenset(index for index, finding in enumerate(findings) if finding.status == "fail")
    caption = f"findings of severity {level} and above fail the check; rfonnx check --explain RULE says more"
    header = ("finding", "rule", "name", "of", "message")
    return Document(tuple(head), (Table(header, rows, (caption,), alarm=alarm),) if rows else (), ())


def _row(finding: Finding) -> tuple[str, ...]:
    word = finding.severity if finding.status == "fail" else "ok" if finding.status == "pass" else "skipped"
    return (word, finding.rule, finding.name, Name(finding.tensor) if finding.tensor else "", Name(finding.message))


def rule_document(info: RuleInfo) -> Document:
    """What one rule checks, and why."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in info.explanation.split("\n\n")]
    head: list[Line] = [(f"{info.id} {info.name}: {info.summary}",)]
    head.append((f"severity {info.severity}; {'runs by default' if info.default else 'runs when it is asked for'}",))
    sections = [Section("Explanation", tuple((paragraph,) for paragraph in paragraphs[1:]))]
    if info.parameters:
        rows = tuple((_parameter(name, value),) for name, value in info.parameters.items())
        sections.append(Section("Parameters", rows))
    return Document(tuple(head), (), tuple(sections))


def _parameter(name: str, value: Parameter) -> str:
    given = "needed" if value.required else "" if value.default is None else f"default {value.default}"
    return f"{name} ({value.kind}): {value.words}" + (f" [{given}]" if given else "")


def rules_document(infos: list[RuleInfo]) -> Document:
    """All rules, one line each."""
    rows = tuple((i.id, i.name, i.severity, "yes" if i.default else "", i.summary) for i in infos)
    return Document(
        ((f"{len(infos)} rules",),), (Table(("rule", "name", "severity", "default", "holds when"), rows, ("",)),), ()
    )

"""A check's findings in any format. A new format is a new function and a line in `STYLES`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

from rfonnx.report.check.counts import counts_text, full_message, nothing_checked, verdict
from rfonnx.report.document import Document, Line, Name, Section, Table, configuration
from rfonnx.results.findings import CheckResult, CheckRun, Finding, Parameter, RuleInfo

STYLES = {
    "text": "rfonnx.report.check.people",
    "json": "rfonnx.report.check.json",
    "github": "rfonnx.report.check.github",
    "junit": "rfonnx.report.check.junit",
    "sarif": "rfonnx.report.check.sarif",
    "markdown": "rfonnx.report.check.people",
}


class Writer(Protocol):
    """Writes findings in one format, in pieces that together end with a newline."""

    def __call__(self, run: CheckRun) -> Iterator[str]: ...


def check_report(run: CheckRun, style: str) -> Iterator[str]:
    """The findings on models, in a format of `STYLES` or for a "terminal"."""
    if style in ("text", "terminal", "markdown"):
        from rfonnx.report import render

        return (piece for result in run.results for piece in render(check_document(result, run), style))
    writer: Writer = import_module(STYLES[style]).report
    return writer(run)


def check_document(result: CheckResult, run: CheckRun) -> Document:
    """The findings on one model as a document, failures first."""
    head: list[Line] = [(Name(result.model), f": {verdict(result, run.level)}")]
    if result.unread:
        head.append((Name(result.unread),))
    elif not (result.checked(run.level) or result.failed(run.level)):
        head.append((Name(nothing_checked(result)),))
    head.append((counts_text(result, run.level),))
    head.append(configuration(run.config))
    order = ("fail", "error", "pass", "skip")
    findings = sorted(result.findings, key=lambda finding: order.index(finding.status))
    rows = tuple(_row(finding) for finding in findings)
    alarm = frozenset(index for index, finding in enumerate(findings) if finding.status in ("fail", "error"))
    caption = f"findings of severity {run.level} and above fail the check; rfonnx check --explain RULE says more"
    header = ("finding", "rule", "name", "of", "message")
    return Document(tuple(head), (Table(header, rows, (caption,), alarm=alarm),) if rows else (), ())


def _row(finding: Finding) -> tuple[str, ...]:
    word = {"fail": finding.severity, "error": finding.severity, "pass": "ok", "skip": "skipped"}[finding.status]
    message = Name(full_message(finding))
    return (word, finding.rule, finding.name, Name(finding.tensor) if finding.tensor else "", message)


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

"""A check's findings, for people."""

from __future__ import annotations

from rfonnx.report.check.counts import counts_text, full_message, unjudged, verdict
from rfonnx.report.document import Document, Line, Name, Table, configuration
from rfonnx.results.findings import CheckResult, CheckRun, Finding


def check_documents(run: CheckRun) -> list[Document]:
    """The findings on each model as a document."""
    return [check_document(result, run) for result in run.results]


def check_document(result: CheckResult, run: CheckRun) -> Document:
    """The findings on one model as a document, failures first."""
    head: list[Line] = [(Name(result.model), f": {verdict(result, run.level)}")]
    if reason := unjudged(result, run.level):
        head.append((Name(reason),))
    head.append((counts_text(result, run.level),))
    head.append(configuration(run.config))
    order = ("fail", "error", "pass", "skip")
    findings = sorted(result.findings, key=lambda finding: order.index(finding.status))
    rows = tuple(_row(finding) for finding in findings)
    alarm = frozenset(index for index, finding in enumerate(findings) if finding.status in ("fail", "error"))
    caption = f"findings of severity {run.level} and above fail the check; rfonnx check --explain RULE says more"
    header = ("finding", "rule", "name", "of", "message")
    return Document(tuple(head), (Table(header, rows, (caption,), alarm=alarm),) if rows else ())


def _row(finding: Finding) -> tuple[str, ...]:
    word = {"fail": finding.severity, "error": finding.severity, "pass": "ok", "skip": "skipped"}[finding.status]
    message = Name(full_message(finding))
    return (word, finding.rule, finding.name, Name(finding.tensor) if finding.tensor else "", message)

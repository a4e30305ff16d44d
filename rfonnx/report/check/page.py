"""A check as a page: the outcome, findings that can be filtered, and what each rule that found something holds."""

from __future__ import annotations

from rfonnx.report.check.people import check_document
from rfonnx.report.check.rules import rule_document
from rfonnx.report.document import Fold, Part, Section
from rfonnx.report.page.page import Page, Panel, Sheet
from rfonnx.results.findings import CheckResult, CheckRun, RuleInfo


def check_page(run: CheckRun) -> Page:
    """The findings on each model."""
    sheets = tuple(_sheet(result, run) for result in run.results)
    return Page("rfonnx check: " + ("passed" if run.passed else "not passed"), sheets)


def _sheet(result: CheckResult, run: CheckRun) -> Sheet:
    document = check_document(result, run)
    bad = dict.fromkeys(finding.rule for finding in result.findings if finding.status in ("fail", "error"))
    folds = [_explained(info) for rule in bad if (info := result.rules.get(rule)) is not None]
    findings = (Panel("findings", "Findings", still=document.parts),) if document.parts else ()
    return Sheet(document.head, (*findings, *folds))


def _explained(info: RuleInfo) -> Fold:
    """What a rule checks, why, and what to do."""
    told = rule_document(info)
    severity = Section("Severity", told.head[1:])
    parts: tuple[Part, ...] = (severity, *told.parts)
    return Fold("".join(told.head[0]), parts)

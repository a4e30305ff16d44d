"""Findings as JUnit XML, in the dialect that Jenkins, GitLab and GitHub actions read (junit-10.xsd): a test case per finding."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from rfonnx.report.check.counts import unjudged
from rfonnx.report.escape import printable
from rfonnx.results.findings import CheckResult, CheckRun, Finding, Severity


def check_junit(run: CheckRun) -> Iterator[str]:
    """One suite per model.

    Failures under the fail level are cases that pass and say so in system-out; what could not be tried is an <error>, each
    rule that a cause kept from being tried a case of its own.
    """
    root = ElementTree.Element("testsuites")
    root.extend(_suite(result, run.level) for result in run.results)
    ElementTree.indent(root)
    yield '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(result: CheckResult, level: Severity) -> ElementTree.Element:
    cases = list(_cases(result, level))
    suite = ElementTree.Element(
        "testsuite",
        name=f"rfonnx check {printable(result.model)}",
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=f"{sum(result.seconds.values()):.3f}",
    )
    suite.extend(cases)
    return suite


def _cases(result: CheckResult, level: Severity) -> Iterator[ElementTree.Element]:
    model = printable(result.model)
    if reason := unjudged(result, level):
        name, tag = ("the model can be checked", "error") if result.unread else ("something is checked", "failure")
        yield _bad(_case(model, name), tag, "error", reason)
    shares = {rule: sum(rule in (f.rule, *f.untried) for f in result.findings) for rule in result.rules}
    seconds = {rule: result.seconds.get(rule, 0.0) / max(1, share) for rule, share in shares.items()}
    failing = set(map(id, result.failed(level)))
    for finding in result.findings:
        tensor = f" [{printable(finding.tensor)}]" if finding.tensor else ""
        case = _case(model, f"{finding.rule} {finding.name}{tensor}", seconds[finding.rule])
        yield _said(case, finding, id(finding) in failing)
        for rule in finding.untried:
            case = _case(model, f"{rule} {result.rules[rule].name}", seconds[rule])
            yield _bad(case, "error", "error", f"could not be tried, see {finding.rule}: {finding.message}")


def _said(case: ElementTree.Element, finding: Finding, fails: bool) -> ElementTree.Element:
    if finding.status == "error":
        return _bad(case, "error", finding.severity, finding.message)
    if fails:
        return _bad(case, "failure", finding.severity, finding.message)
    message = printable(finding.message)
    if finding.status == "skip":
        ElementTree.SubElement(case, "skipped", message=message)
    else:
        words = f"{finding.severity}: {message}" if finding.status == "fail" else message
        ElementTree.SubElement(case, "system-out").text = words
    return case


def _case(model: str, name: str, seconds: float = 0.0) -> ElementTree.Element:
    return ElementTree.Element("testcase", classname=model, name=name, time=f"{seconds:.3f}")


def _bad(case: ElementTree.Element, tag: str, severity: Severity, message: str) -> ElementTree.Element:
    # XML 1.0 has no control characters, not even escaped ones: printable() spells them out.
    text = printable(message)
    ElementTree.SubElement(case, tag, message=text, type=severity).text = text
    return case

"""Findings as JUnit XML, in the dialect that Jenkins, GitLab and GitHub actions read (junit-10.xsd): a test case per finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from rfonnx.findings import CheckResult, Finding, Severity
from rfonnx.report.escape import printable


def report(results: Sequence[CheckResult], level: Severity) -> Iterator[str]:
    """One suite per model. Failures under `level` are cases that pass and say so in system-out."""
    root = ElementTree.Element("testsuites")
    root.extend(_suite(result, level) for result in results)
    ElementTree.indent(root)
    yield '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(result: CheckResult, level: Severity) -> ElementTree.Element:
    failing = set(map(id, result.failed(level)))
    suite = ElementTree.Element(
        "testsuite",
        name=f"rfonnx check {printable(result.model)}",
        tests=str(len(result.findings)),
        failures=str(len(failing)),
        errors="0",
        skipped=str(sum(finding.status == "skip" for finding in result.findings)),
        time=f"{sum(result.seconds.values()):.3f}",
    )
    shares = {rule: sum(f.rule == rule for f in result.findings) for rule in result.rules}
    for finding in result.findings:
        seconds = result.seconds.get(finding.rule, 0.0) / max(1, shares.get(finding.rule, 1))
        suite.append(_case(finding, printable(result.model), seconds, id(finding) in failing))
    return suite


def _case(finding: Finding, model: str, seconds: float, fails: bool) -> ElementTree.Element:
    tensor = f" [{printable(finding.tensor)}]" if finding.tensor else ""
    name = f"{finding.rule} {finding.name}{tensor}"
    case = ElementTree.Element("testcase", classname=model, name=name, time=f"{seconds:.3f}")
    # XML 1.0 has no control characters, not even escaped ones: printable() spells them out.
    message = printable(finding.message)
    if fails:
        failure = ElementTree.SubElement(case, "failure", message=message, type=finding.severity)
        failure.text = message
    elif finding.status == "skip":
        ElementTree.SubElement(case, "skipped", message=message)
    else:
        words = f"{finding.severity}: {message}" if finding.status == "fail" else message
        ElementTree.SubElement(case, "system-out").text = words
    return case

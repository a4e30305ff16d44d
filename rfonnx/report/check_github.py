"""Findings as GitHub's workflow commands, which show up as annotations on a pull request.

Escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions, and @actions/core's command.ts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.findings import CheckResult, Severity
from rfonnx.report.escape import printable

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def report(results: Sequence[CheckResult], level: Severity) -> Iterator[str]:
    """One command per failure; what holds is not shown, and one plain line per model counts everything."""
    for result in results:
        yield from _model(result, level)


def _model(result: CheckResult, level: Severity) -> Iterator[str]:
    for finding in result.findings:
        if finding.status == "fail":
            subject = f"{finding.tensor}: " if finding.tensor else ""
            properties = f"file={_property(result.model)},title={_property(f'{finding.rule} {finding.name}')}"
            yield f"::{COMMANDS[finding.severity]} {properties}::{_data(subject + finding.message)}\n"
    failed = len(result.failed(level))
    # "::" at the start of a line is what makes a command: the model's name must not stand there.
    yield f"rfonnx check: {failed} of {len(result.findings)} findings fail {printable(result.model)}\n"


def _data(text: str) -> str:
    """The message of a command.

    >>> _data("100%, a\\nb")
    '100%25, a%0Ab'
    """
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(text)


def _property(text: str) -> str:
    """A property, in which colons and commas mean something too.

    >>> _property("a:b,c")
    'a%3Ab%2Cc'
    """
    return _data(text).replace(":", "%3A").replace(",", "%2C")

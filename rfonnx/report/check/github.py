"""Findings as GitHub's workflow commands, which show up as annotations on a pull request.

Escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions, and @actions/core's command.ts.
"""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.check.counts import counts_text, full_message, unjudged, verdict
from rfonnx.report.escape import printable
from rfonnx.results.findings import CheckResult, CheckRun, Severity

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def check_github(run: CheckRun) -> Iterator[str]:
    """One command per failure; what holds or was skipped is no annotation, and one plain line per model counts everything."""
    for result in run.results:
        yield from _model(result, run.level)


def _model(result: CheckResult, level: Severity) -> Iterator[str]:
    for finding in result.findings:
        if finding.status in ("fail", "error"):
            subject = f"{finding.tensor}: " if finding.tensor else ""
            title = f"{finding.rule} {finding.name}"
            yield _command(result, COMMANDS[finding.severity], title, subject + full_message(finding))
    if reason := unjudged(result, level):
        title = "the model cannot be checked" if result.unread else "nothing was checked"
        yield _command(result, "error", title, reason)
    # "::" at the start of a line is what makes a command: the model's name must not stand there.
    yield f"rfonnx check: {verdict(result, level)} ({counts_text(result, level)}): {printable(result.model)}\n"


def _command(result: CheckResult, command: str, title: str, message: str) -> str:
    return f"::{command} file={_property(result.model)},title={_property(title)}::{_data(message)}\n"


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

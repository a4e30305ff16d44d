"""Runs the chosen rules on one model."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rfonnx.check.registry import NotApplicableError
from rfonnx.check.selection import Chosen
from rfonnx.check.subject import Subject
from rfonnx.errors import ModelError, RfonnxError
from rfonnx.findings import CheckResult, Finding, Status


def check_model(subject: Subject, chosen: Sequence[Chosen]) -> CheckResult:
    """All findings, in order of the rules.

    A rule that cannot run for the model's own fault (it does not load, it refuses its input) fails; the others go on.

    Raises:
        ModelError: the file cannot be read at all.
        DataError, QueryError: what the user asked for does not exist.
    """
    assert subject.graph
    findings: list[Finding] = []
    seconds: dict[str, float] = {}
    for one in chosen:
        begun = time.perf_counter()
        findings += _findings(subject, one)
        seconds[one.info.id] = seconds.get(one.info.id, 0.0) + time.perf_counter() - begun
    return CheckResult(str(subject.path), tuple(findings), {one.info.id: one.info for one in chosen}, seconds)


def _findings(subject: Subject, one: Chosen) -> list[Finding]:
    def finding(status: Status, message: str, tensor: str = "") -> Finding:
        return Finding(one.info.id, one.info.name, one.severity, status, message, tensor)

    try:
        said = list(one.function(subject, one.values))
    except NotApplicableError as reason:
        return [finding("skip", str(reason))]
    except ModelError as error:
        return [finding("fail", str(error))]
    failures = [finding("fail", says.message, says.tensor) for says in said if says.failed]
    return (
        failures or [finding("pass", says.message, says.tensor) for says in said] or [finding("pass", "nothing found")]
    )


def check_models(subjects: Iterable[Subject], chosen: Sequence[Chosen]) -> tuple[list[CheckResult], RfonnxError | None]:
    """Findings on each model that can be read, and the first error of one that cannot."""
    results: list[CheckResult] = []
    first: RfonnxError | None = None
    for subject in subjects:
        try:
            results.append(check_model(subject, chosen))
        except RfonnxError as error:
            first = first or error
    return results, first

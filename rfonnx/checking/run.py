"""Runs the chosen rules on one model."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rfonnx.checking.rule_table import NotApplicableError, Says, unproven
from rfonnx.checking.selection import Chosen
from rfonnx.checking.subject import Subject
from rfonnx.errors import ModelError, RfonnxError, RunError, SampleError, UnfedError
from rfonnx.results.findings import SEVERITIES, CheckResult, Finding

MODEL_AT_FAULT = (ModelError, RunError, SampleError)
"""What goes wrong because of the model, or of how it goes together with the samples: a finding, and exit code 1. Every other
error is about what the user asked for or gave: exit code 2."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking one model.

    Attributes:
        error: the first thing that the user asked for and that means nothing here, or None. The findings name it too.
    """

    result: CheckResult
    error: RfonnxError | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding, and the text of the error that it tells of, or ""."""

    finding: Finding
    cause: str = ""


def check_model(subject: Subject, chosen: Sequence[Chosen]) -> Checked:
    """All findings on one model, in order of the rules. A rule that cannot be tried stops no other."""
    rules = {one.info.id: one.info for one in chosen}
    named = frozenset(one.info.id for one in chosen if one.named)
    try:
        assert subject.graph
    except RfonnxError as error:
        return Checked(CheckResult(str(subject.path), (), rules, {}, named, str(error)), error)
    told: list[_Told] = []
    errors: list[RfonnxError] = []
    seconds: dict[str, float] = {}
    for one in chosen:
        begun = time.perf_counter()
        told += _told(subject, one, errors)
        seconds[one.info.id] = seconds.get(one.info.id, 0.0) + time.perf_counter() - begun
    asked = next((error for error in errors if not isinstance(error, MODEL_AT_FAULT)), None)
    return Checked(CheckResult(str(subject.path), tuple(_merged(told)), rules, seconds, named), asked)


def check_models(subjects: Iterable[Subject], chosen: Sequence[Chosen]) -> tuple[list[CheckResult], RfonnxError | None]:
    """Findings on each model, and the first error that is the user's to put right."""
    checked = [check_model(subject, chosen) for subject in subjects]
    return [one.result for one in checked], next((one.error for one in checked if one.error), None)


def _told(subject: Subject, one: Chosen, errors: list[RfonnxError]) -> list[_Told]:
    """What one rule says; what keeps it from being tried is one of the `errors` too."""
    made = Finding(one.info.id, one.info.name, one.severity, "pass", "")
    try:
        said = list(one.function(subject, one.values))
    except NotApplicableError as reason:
        return [_Told(replace(made, status="skip", message=str(reason)))]
    except UnfedError as error:
        return [_Told(_failure(made, unproven(f"is not proven: {error}"), one.named))]
    except RfonnxError as error:
        errors.append(error)
        return [_Told(replace(made, status="error", severity="error", message=str(error)), str(error))]
    if not said:
        return [_Told(replace(made, status="fail", message="nothing was found that could be judged"))]
    failures = [_Told(_failure(made, s, one.named), s.cause) for s in said if s.failed]
    return failures or [_Told(replace(made, message=s.message, tensor=s.tensor)) for s in said]


def _failure(made: Finding, says: Says, named: bool) -> Finding:
    severity = made.severity if says.broken or named else SEVERITIES[0]
    return replace(made, status="fail", severity=severity, message=says.message, tensor=says.tensor)


def _merged(told: Sequence[_Told]) -> Iterator[Finding]:
    """One finding for each cause: of the rule whose failure it is, else of the first that could not be tried for it."""
    speakers = {one.cause: one.finding for one in reversed(told)}
    speakers |= {one.cause: one.finding for one in reversed(told) if one.finding.status == "fail"}
    for one in told:
        if not one.cause:
            yield one.finding
        elif one.finding is speakers[one.cause]:
            others = (other.finding.rule for other in told if other.cause == one.cause)
            yield replace(
                one.finding, untried=tuple(dict.fromkeys(rule for rule in others if rule != one.finding.rule))
            )
        elif one.finding.status == "fail":
            yield one.finding

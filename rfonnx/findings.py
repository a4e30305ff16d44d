"""What a check gives and reports read: findings by rule. Frozen, plain, imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["note", "warning", "error"]
"""How much a failed rule matters."""

Status = Literal["pass", "fail", "skip"]
"""A rule holds, does not, or does not apply (or cannot be tried) here."""

SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a rule takes.

    Attributes:
        kind: "int", "float", "str" or "bool".
        default: its value when none is given; None: the rule cannot run without, or the words say what happens.
        words: what it means.
        required: the rule needs it.
    """

    kind: str
    words: str
    default: int | float | str | bool | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule.

    Attributes:
        id: "RF001"; never changes, and is never used again.
        name: "field-minimum".
        severity: unless the configuration says otherwise.
        summary: one line.
        explanation: what it checks, why that matters, and what to do.
        parameters: by name; the first is the one that a bare value sets.
        default: it runs when nothing was configured.
    """

    id: str
    name: str
    severity: Severity
    summary: str
    explanation: str
    parameters: Mapping[str, Parameter]
    default: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one model.

    Attributes:
        rule, name, severity: of the rule, as configured.
        status: "pass" findings say what was found fine.
        message: one line.
        tensor: the tensor or node that it is about, or "".
    """

    rule: str
    name: str
    severity: Severity
    status: Status
    message: str
    tensor: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All findings on one model.

    Attributes:
        model: the file as it was given.
        findings: in order of the rules.
        rules: the rules that ran, by id.
        seconds: time that each took, by id.
    """

    model: str
    findings: tuple[Finding, ...]
    rules: Mapping[str, RuleInfo]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def failed(self, level: Severity = "error") -> tuple[Finding, ...]:
        """Failures of at least this severity."""
        least = SEVERITIES.index(level)
        return tuple(f for f in self.findings if f.status == "fail" and SEVERITIES.index(f.severity) >= least)

"""What a check gives and reports read: findings by rule. Frozen and plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from rfonnx.results.ranges import AMOUNT, POSITIONS, Range
from rfonnx.system.late import Late

showing = Late("rfonnx.report.showing")
"""Reports stand above results: what shows a result is found when it is asked for."""

Severity = Literal["note", "warning", "error"]
"""How much a failed rule matters."""

Status = Literal["pass", "fail", "skip", "error"]
"""A rule holds; is broken, or was asked for and cannot be proven; has nothing to look at in this model; could not be tried."""

Outcome = Literal["fine", "failed", "warned", "untried", "skipped"]
"""What a check says of one rule, the findings of all its runs together. Each rule has exactly one, so that counts add up:
"failed" has a failure of the fail level, "warned" only ones below it."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")

DEFAULT_RANGES = {"int": POSITIONS, "float": AMOUNT}
"""What parameters of a kind may be, where they say nothing else."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a rule takes.

    Attributes:
        kind: "int", "float", "str" or "bool".
        default: its value when none is given; None: the rule cannot run without, or the words say what happens.
        words: what it means.
        required: the rule needs it.
        named: it is given by name only: a bare value would not say what it means.
        within: what a number may be; None: what its kind says (`DEFAULT_RANGES`).
    """

    kind: str
    words: str
    default: int | float | str | bool | None = None
    required: bool = False
    named: bool = False
    within: Range | None = None


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule.

    Attributes:
        id: "RF001"; never changes, and is never used again.
        name: "field-minimum".
        severity: unless the configuration says otherwise.
        summary: one line.
        explanation: what it checks, why that matters, and what to do.
        parameters: by name.
        default: it runs when nothing was configured.
    """

    id: str
    name: str
    severity: Severity
    summary: str
    explanation: str
    parameters: Mapping[str, Parameter]
    default: bool

    @property
    def bare(self) -> str | None:
        """The parameter that a value without a name sets: the first one; None when all are given by name."""
        return next((name for name, parameter in self.parameters.items() if not parameter.named), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one model.

    Attributes:
        rule, name: of the rule.
        severity: of the rule, as configured; "error" where it could not be tried: that is no matter of what the rule asks.
        status: "pass": the rule holds, and the message says what was found fine; "fail": it is broken, or was asked for and
            cannot be proven; "skip": it has nothing to look at in this model; "error": it could not be tried.
        message: one line.
        tensor: the tensor or node that it is about, or "".
        untried: the other rules, by id, that could not be tried for the same cause: one cause, one finding.
    """

    rule: str
    name: str
    severity: Severity
    status: Status
    message: str
    tensor: str = ""
    untried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All findings on one model.

    Attributes:
        model: the file as it was given.
        findings: in order of the rules.
        rules: the rules that were to run, by id.
        seconds: time that each took, by id.
        named: ids of the rules that were asked for by name, not by default.
        unread: why no rule could be tried: the model cannot be read, or its shapes are not bound; "" otherwise.
    """

    model: str
    findings: tuple[Finding, ...]
    rules: Mapping[str, RuleInfo]
    seconds: Mapping[str, float] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    unread: str = ""

    def __repr__(self) -> str:
        """The model, how many rules and findings, and whether it passes."""
        outcome = "passed" if self.passed() else "not passed"
        return f"<CheckResult of {self.model!r}, {len(self.rules)} rules, {len(self.findings)} findings: {outcome}>"

    def _repr_html_(self) -> str:
        """What notebooks show: what `rfonnx check` says of the model."""
        return str(showing.check_html(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the JSON of `rfonnx check`, with this model alone."""
        made: dict[str, Any] = showing.check_dict(self)
        return made

    def failed(self, level: Severity = "error") -> tuple[Finding, ...]:
        """Failures of at least this severity, and what could not be tried."""
        least = SEVERITIES.index(level)
        return tuple(
            f for f in self.findings if f.status in ("fail", "error") and SEVERITIES.index(f.severity) >= least
        )

    def outcomes(self, level: Severity = "error") -> dict[str, Outcome]:
        """What became of each rule, by id; a failure goes before a warning, and anything found before a skip."""
        found: dict[str, Outcome] = dict.fromkeys(self.rules, "untried" if self.unread else "fine")
        said = {rule: {f.status for f in self.findings if f.rule == rule} for rule in self.rules}
        untried = {f.rule for f in self.findings if f.status == "error"}.union(*(f.untried for f in self.findings))
        failed = {f.rule for f in self.failed(level) if f.status == "fail"}
        for rule, statuses in said.items():
            if rule in failed:
                found[rule] = "failed"
            elif rule in untried:
                found[rule] = "untried"
            elif "fail" in statuses:
                found[rule] = "warned"
            elif statuses == {"skip"}:
                found[rule] = "skipped"
        return found

    def checked(self, level: Severity = "error") -> bool:
        """Whether anything was: a model of which every rule was skipped has been held against nothing."""
        return any(outcome not in ("skipped", "untried") for outcome in self.outcomes(level).values())

    def passed(self, level: Severity = "error") -> bool:
        """Something was checked, all of it was tried, and nothing failed."""
        return self.checked(level) and not self.failed(level)


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One call of `rfonnx check`, as reports see it.

    Attributes:
        results: by model.
        level: severity from which findings fail the check.
        config: the configuration file that was read, or "".
    """

    results: tuple[CheckResult, ...]
    level: Severity = "error"
    config: str = ""

    @property
    def passed(self) -> bool:
        """Every model passed."""
        return all(result.passed(self.level) for result in self.results)

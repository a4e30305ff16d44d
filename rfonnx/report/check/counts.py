"""What a check came to, in words: each rule is counted once, so that the numbers add up, and findings apart from rules."""

from __future__ import annotations

from collections import Counter

from rfonnx.results.findings import OUTCOMES, SEVERITIES, CheckResult, Finding, Outcome, Severity
from rfonnx.results.plain import counted

WORDS: dict[Outcome, str] = {
    "fine": "fine",
    "failed": "failed",
    "warned": "warned",
    "untried": "not tried",
    "skipped": "skipped",
}


def verdict(result: CheckResult, level: Severity) -> str:
    """One or two words on a model. Only a model that was held against something can pass."""
    if result.unread:
        return "NOT CHECKED"
    if result.failed(level):
        return "FAILED"
    return "passed" if result.checked(level) else "NOTHING CHECKED"


def rule_counts(result: CheckResult, level: Severity) -> dict[Outcome, int]:
    """How many rules came out how; the numbers add up to the number of rules."""
    counts = Counter(result.outcomes(level).values())
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def counts_text(result: CheckResult, level: Severity) -> str:
    """Rules, then findings; what there is none of is left out.

    Returns:
        For example "9 rules: 6 fine, 2 failed, 1 warned; findings: 3 errors, 1 warning".
    """
    several = counted(len(result.rules), "rule")
    rules = [f"{count} {WORDS[outcome]}" for outcome, count in rule_counts(result, level).items() if count]
    if result.unread:
        return f"{several}: {', '.join(rules)}"
    bad = Counter(finding.severity for finding in result.findings if finding.status in ("fail", "error"))
    found = [counted(bad[severity], severity) for severity in reversed(SEVERITIES) if bad[severity]]
    return f"{counted(len(result.rules), 'rule')}: {', '.join(rules) or 'none'}; findings: {', '.join(found) or 'none'}"


def unjudged(result: CheckResult, level: Severity) -> str:
    """Why a model was held against nothing: it cannot be read, or every rule was skipped; "" where it was."""
    if result.unread or result.checked(level) or result.failed(level):
        return result.unread
    reasons = "; ".join(f"{f.rule} {f.name}: {f.message}" for f in result.findings if f.status == "skip")
    return f"nothing was checked: every rule was skipped ({reasons or 'there was none'})"


def full_message(finding: Finding) -> str:
    """A finding's message, and what else could not be tried for the same cause."""
    untried = f"; for that, {', '.join(finding.untried)} could not be tried" if finding.untried else ""
    return ("could not be tried: " if finding.status == "error" else "") + finding.message + untried

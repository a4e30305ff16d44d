"""ONNX's node test suite: every case with a float input is changed piece by piece, and the claims must hold.

Nothing is precomputed: dependence is measured as the test runs. To see every finding, of cases with SUBSTRING in their names:
`PYTHONPATH=tests python -P tests/node_suite/test_node_suite.py [SUBSTRING]`.

Each case is read in two ways. As it is written, its axes, lengths, indices and masks are inputs, of which a claim may know
nothing; with them as constants, as exporters write them, it must be about the values that were measured with.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from node_suite.cases import all_cases, every_case
from node_suite.compare import Findings, examine
from node_suite.conditions import unsound


def run_all(only: str = "") -> Findings:
    findings = Findings()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # large changes overflow in the reference evaluator
        for case in all_cases():
            if only in case.name:
                examine(case, findings)
    return findings


@pytest.fixture(scope="module")
def findings() -> Findings:
    return run_all()


def test_every_case_is_analysed(findings: Findings, record_lines: list[str]) -> None:
    record_lines += findings.lines()
    assert findings.cases > 1400
    assert not findings.errors, "\n".join(findings.errors)


@pytest.mark.parametrize("reading", ["given", "constant"])
def test_no_interval_is_unsound(findings: Findings, reading: str) -> None:
    unsound = getattr(findings, reading).unsound
    assert not unsound, "\n".join(map(str, unsound))


@pytest.mark.parametrize("reading", ["given", "constant"])
def test_at_least_95_percent_are_tight(findings: Findings, reading: str) -> None:
    tally = getattr(findings, reading)
    assert tally.tight_share >= 0.95, "\n".join(map(str, tally.loose))


@pytest.mark.parametrize("reading", ["given", "constant"])
def test_nearly_all_that_is_claimed_exact_is_tight(findings: Findings, reading: str) -> None:
    """The rest is hidden by values: see docs/node_suite.md."""
    tally = getattr(findings, reading)
    loose = [pair for pair in tally.loose if pair.exact]
    assert len(loose) <= 0.003 * len(tally.pairs), "\n".join(map(str, loose))


def test_conditions_and_integers_that_are_inputs_are_read(record_lines: list[str]) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        held = [unsound(case) for case in every_case() if case.parameters]
    wrong = [finding for _, found in held for finding in found]
    pairs = sum(n for n, _ in held)
    record_lines.append(f"conditions and integers: {pairs} pairs of output and input axis, {len(wrong)} unsound")
    assert pairs > 500
    assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    found = run_all(*sys.argv[1:])
    for tally in (found.given, found.constant):
        for pair in (*tally.unsound, *tally.loose):
            print(tally.reading, pair)
    print(*found.errors, *found.lines(), sep="\n")

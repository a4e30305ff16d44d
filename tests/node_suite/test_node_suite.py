"""ONNX's node test suite: every case with a float input is changed piece by piece, and the claims must hold.

Nothing is precomputed: dependence is measured as the test runs. To see every finding, of cases with SUBSTRING in their names:
`PYTHONPATH=tests python -P tests/node_suite/test_node_suite.py [SUBSTRING]`.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from node_suite.cases import all_cases
from node_suite.compare import Tally, examine


def run_all(only: str = "") -> Tally:
    tally = Tally()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # large changes overflow in the reference evaluator
        for case in all_cases():
            if only in case.name:
                examine(case, tally)
    return tally


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run_all()


def test_prints_the_counts(tally: Tally, record_lines: list[str]) -> None:
    record_lines += tally.lines()
    assert tally.cases > 1400


def test_every_case_is_analysed(tally: Tally) -> None:
    assert not tally.errors, "\n".join(tally.errors)


def test_no_interval_is_unsound(tally: Tally) -> None:
    assert not tally.unsound, "\n".join(map(str, tally.unsound))


def test_at_least_95_percent_are_tight(tally: Tally) -> None:
    assert len(tally.loose) <= 0.05 * len(tally.pairs), "\n".join(map(str, tally.loose))


if __name__ == "__main__":
    found = run_all(*sys.argv[1:])
    for line in [*found.errors, *map(str, found.unsound), *map(str, found.loose), *found.lines()]:
        print(line)

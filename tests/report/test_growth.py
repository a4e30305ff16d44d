"""Shares of what made a field as large as it is."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_analysis import step
from rfonnx.report.explanation.growth import CAUSES, growth, percentages, shares
from rfonnx.results.fields import ExplainStep


def test_worked_example() -> None:
    """conv 3, conv 3, pool 2 stride 2, conv 3: 1 + 2 + 2 + 1 + 2 * 2 = 10."""
    steps = [
        step("c1", "Conv", 3, 2, kernel=3),
        step("c2", "Conv", 5, 2, kernel=3),
        step("p", "MaxPool", 6, 1, kernel=2, stride=Fraction(2), cause="pooling"),
        step("c3", "Conv", 10, 4, kernel=3, jump=Fraction(2)),
    ]
    assert growth(steps) == {"kernels": 2, "depth": 4, "strides": 2, "pooling": 1}


def test_dilation_is_what_spread_taps_add() -> None:
    """Kernel 3, dilation 4, at jump 2: 2 * 4 * 2 = 16 = 2 (kernel) + 6 (dilation) + 8 (strides)."""
    steps = [step("c", "Conv", 17, 16, kernel=3, dilation=4, jump=Fraction(2))]
    assert growth(steps) == {"kernels": 2, "strides": 8, "dilation": 6}


@pytest.mark.parametrize(
    ("cause", "share"), [("upsampling", "upsampling"), ("global", "global"), ("block", "blocks"), ("other", "other")]
)
def test_other_causes_take_all_they_added(cause: str, share: str) -> None:
    assert growth([step("t", "Op", 8, 7, cause=cause)]) == {share: 7}


def test_misaligned_branches_are_told_apart_from_the_window_over_them() -> None:
    """Kernel 3 at jump 2 adds 4; the branches that it reads are 3 apart."""
    steps = [step("c", "Conv", 8, 7, kernel=3, jump=Fraction(2), misaligned=3)]
    assert growth(steps) == {"kernels": 2, "strides": 2, "joins": 3}
    assert shares([step("c", "Add", 8, 7, cause="join", misaligned=7)]) == "misaligned branches 100%"


def test_after_upsampling_a_kernel_adds_less_than_its_taps() -> None:
    """Kernel 5 at jump 1/2 reaches 2 positions further, and strides had no part in it."""
    assert growth([step("c", "Conv", 3, 2, kernel=5, jump=Fraction(1, 2))]) == {"kernels": 2}


def test_what_shrinks_counts_for_nothing() -> None:
    assert growth([step("c", "Conv", 3, 2, kernel=3), step("s", "Slice", 2, -1, cause="other")]) == {"kernels": 2}


def test_nothing_grew() -> None:
    assert growth([]) == {}
    assert percentages({}) == {}


STEPS = st.lists(
    st.builds(
        lambda added, kernel, dilation, jump, cause, misaligned: step(
            "t",
            "Op",
            1,
            added,
            kernel=kernel,
            dilation=dilation,
            jump=jump,
            cause=cause,
            misaligned=max(added, 0) if cause == "join" else min(misaligned, max(added, 0)),
        ),
        st.integers(-3, 50),
        st.integers(1, 7),
        st.integers(1, 4),
        st.fractions(Fraction(1, 4), 8),
        st.sampled_from(["kernel", "pooling", "upsampling", "global", "block", "join", "other"]),
        st.integers(0, 9),
    ),
    max_size=8,
)


@given(STEPS)
def test_parts_sum_to_what_was_added(steps: list[ExplainStep]) -> None:
    parts = growth(steps)
    assert sum(parts.values()) == sum(max(0, one.added) for one in steps)
    assert all(part > 0 for part in parts.values())
    assert list(parts) == [cause for cause in CAUSES if cause in parts]


@given(st.dictionaries(st.sampled_from(CAUSES), st.fractions(Fraction(1, 1000), 1000), min_size=1))
def test_percentages_sum_to_100_and_round_by_less_than_1(parts: dict[str, Fraction]) -> None:
    shares = percentages(parts)
    total = sum(parts.values())
    assert sum(shares.values()) == 100
    assert all(abs(shares[cause] - 100 * part / total) < 1 for cause, part in parts.items())


def test_thirds() -> None:
    assert percentages({"kernels": Fraction(1), "depth": Fraction(1), "strides": Fraction(1)}) == {
        "kernels": 34,
        "depth": 33,
        "strides": 33,
    }

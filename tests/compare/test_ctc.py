"""Decoding and edit distance against slow code that follows the definitions."""

from __future__ import annotations

import functools
import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfonnx.comparing.figures.ctc import collapsed, edit_distance

WORDS = st.lists(st.integers(0, 3), max_size=9)


@given(WORDS, st.integers(0, 3))
def test_collapsed(picks: list[int], blank: int) -> None:
    expected = [label for label, _ in itertools.groupby(picks) if label != blank]
    assert collapsed(np.array(picks, int), blank).tolist() == expected


def slow(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    @functools.cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        change = distance(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        return min(change, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    return distance(len(one), len(other))


@given(WORDS, WORDS)
def test_edit_distance(one: list[int], other: list[int]) -> None:
    assert edit_distance(np.array(one, int), np.array(other, int)) == slow(tuple(one), tuple(other))


@given(WORDS, WORDS, WORDS)
def test_edit_distance_is_a_metric(one: list[int], other: list[int], third: list[int]) -> None:
    a, b, c = (np.array(word, int) for word in (one, other, third))
    assert (edit_distance(a, b) == 0) == (one == other)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


def test_long_sequences() -> None:
    one = np.random.default_rng(0).integers(0, 50, 3000)
    assert edit_distance(one, np.delete(one, [5, 900, 2999])) == 3

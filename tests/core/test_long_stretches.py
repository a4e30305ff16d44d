"""Tables too long to be read entry by entry, against numpy."""

import numpy as np
import pytest

from rfonnx import _core
from rfonnx.operators.access.primitives import Reshape, Select, Window


@pytest.mark.parametrize("width", [7, 40])
def test_sums_over_a_flattened_axis(width: int) -> None:
    """A running sum over the columns of flattened rows: the table goes up and down, the stretches are long."""
    rows, n = 400 // width, 400 // width * width
    stops = np.arange(n)
    starts = np.maximum(stops - 250, 0)
    run = Select(0, starts, stops)
    result = _core.run([("x", (rows, width))], [("y", (n,), [(0, (Reshape((n,)), run))], True)])
    lo, hi = result.intervals(1, 1, True)
    columns = np.arange(n) % width
    assert lo.ravel().tolist() == [columns[a : b + 1].min() for a, b in zip(starts, stops, strict=True)]
    assert hi.ravel().tolist() == [columns[a : b + 1].max() for a, b in zip(starts, stops, strict=True)]
    lo, hi = result.intervals(1, 0, True)
    assert lo.ravel().tolist() == (starts // width).tolist()
    assert hi.ravel().tolist() == (stops // width).tolist()


def test_an_output_too_long_for_a_table_is_exact() -> None:
    """Nothing is laid out."""
    length = 2**30
    result = _core.run([("x", (8,))], [("y", (length,), [(0, (Window(0, length, length, 1, 1, length - 8),))], True)])
    assert result.exact == [True]
    assert result.widened == [False]
    assert result.box(1, [length // 2], True) == [(0, 7)]
    assert result.box(1, [length - 8], True) == [(0, 7)]
    assert result.box(1, [length - 5], True) == [(3, 7)]
    assert result.summaries()["size"].tolist() == [1, length]


def test_a_table_without_pattern_that_is_too_long_is_at_most_everything() -> None:
    n = 2**22 + 2**20
    rows = np.random.default_rng(0).integers(0, n, n)
    result = _core.run([("x", (n,))], [("y", (n,), [(0, (Select(0, rows, rows),))], True)])
    assert result.exact == [False]
    assert result.widened == [True]
    assert result.box(1, [5], True) == [(0, n - 1)]


def test_wide_ranges_without_pattern_over_places_without_pattern_are_at_most_everything() -> None:
    """Each output would have to be looked up position by position."""
    n = 60_000
    draw = np.random.default_rng(0)
    rows, ends = draw.integers(0, n, n), np.sort(draw.integers(0, n, (2, n)), axis=0)
    gathered = ("gathered", (n,), [(0, (Select(0, rows, rows),))], True)
    ranges = ("ranges", (n,), [(1, (Select(0, ends[0], ends[1]),))], True)
    result = _core.run([("x", (n,))], [gathered, ranges])
    assert result.exact == [True, False]
    assert result.widened == [False, True]
    assert result.box(2, [5], True) == (result.box(2, [n - 1], True))

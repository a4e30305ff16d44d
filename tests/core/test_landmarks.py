"""Landmarks tell what all positions tell: extremes, hulls, how many see something, what lies within the input, lines.

`python -m core.test_landmarks FIRST END`, in tests/, goes through more seeds, and names the first that fails.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from core.drawn import drawn
from core.hulls import run
from core.seeds import run_seeds
from rfonnx import _core
from rfonnx.operators.access.primitives import Window
from rfonnx.results.array_types import Int64, Mask

TABLES = 2**62
"""From which length on axes are kept as runs: never."""

Ends = tuple[Int64, Int64]


def check(seed: int) -> int:
    """Every field of a drawn program; how many positions were left out."""
    program, rng = drawn(seed), random.Random(seed)
    shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
    spared = 0
    for runs_from in (1, TABLES):
        result = run(program, runs_from=runs_from)
        for source, shape in enumerate(shapes):
            own = rng.randrange(len(shape)) if shape else -1
            period = rng.choice((1, 1, 2, 3, 5))
            cuts = sorted(rng.sample(range(200), rng.randint(0, 2)))
            for column in range(len(result.axes)):
                marks = result.landmarks(source, column, own, period, cuts)
                spared += int(np.prod(shape)) - int(np.prod([len(places) for places, _ in marks]))
                assert [counts.sum() for _, counts in marks] == list(shape)
                assert all((np.diff(places) > 0).all() for places, _ in marks)
                input, axis = result.axes[column]
                _same(result, source, column, shape, marks, own, period, cuts, shapes[input][axis])
    return spared


def _same(
    result: _core.Result,
    source: int,
    column: int,
    shape: tuple[int, ...],
    marks: list[tuple[Int64, Int64]],
    own: int,
    period: int,
    cuts: list[int],
    length: int,
) -> None:
    every = [np.arange(n) for n in shape]
    places = [places for places, _ in marks]
    alone = sum(len(found) > 1 for found, _ in result.landmarks(source, column)) < 2
    seen: dict[bool, tuple[Ends, Ends]] = {}
    for clip in (True, False):
        seen[clip] = result.intervals_at(source, column, clip, every), result.intervals_at(source, column, clip, places)
        whole, told = seen[clip]
        lo, hi = result.intervals(source, column, clip)
        reads = np.broadcast_to(lo <= hi, shape)
        assert (reads == (whole[0] <= whole[1])).all()
        assert (np.broadcast_to(lo, shape) == whole[0])[reads].all()
        count = np.ones(())
        for _, counts in marks:
            count = np.multiply.outer(count, counts)
        for has in (lambda lo, hi: lo <= hi, *_positions_at_borders(length)):
            assert count[has(*told) & (told[0] <= told[1])].sum() == (has(*whole) & reads).sum()
        if alone:
            size = count[told[0] <= told[1]] @ (told[1] - told[0])[told[0] <= told[1]].astype(float)
            assert size == (whole[1] - whole[0])[reads].sum()
        if own < 0:
            continue
        for begin, end in zip([0, *cuts], [*cuts, 10**6], strict=True):
            for asked in _questions(own, period):
                parts = [_part(ends, at[own], own, begin, end) for ends, at in ((whole, every), (told, places))]
                assert asked(*parts[0]) == asked(*parts[1]), (source, column, clip, begin, end)
        if alone:
            assert _on_a_line(whole, every[own], own) == _on_a_line(told, places[own], own)
    (clipped, clipped_told), (free, free_told) = seen[True], seen[False]
    if alone:
        assert _smallest_inside(free, clipped, length) == _smallest_inside(free_told, clipped_told, length)


def _part(ends: Ends, at: Int64, own: int, begin: int, end: int) -> tuple[Int64, Int64, Int64]:
    kept = np.flatnonzero((begin <= at) & (at < end))
    lo, hi = (np.take(one, kept, own) for one in ends)
    return lo, hi, at[kept].reshape([-1 if axis == own else 1 for axis in range(lo.ndim)])


def _questions(own: int, period: int) -> list[Callable[[Int64, Int64, Int64], list[int]]]:
    def extremes(values: Int64, reads: Int64) -> list[int]:
        return [int(values[reads].min()), int(values[reads].max())] if reads.any() else []

    def reach(lo: Int64, hi: Int64, at: Int64) -> list[int]:
        reads = lo <= hi
        found = [*extremes(lo, reads), *extremes(hi, reads)]
        for slope in (1, 2, -3):
            ahead, behind = np.broadcast_arrays(hi - slope * (at // period), slope * (at // period) - lo)
            found += [*extremes(ahead, reads)[1:], *extremes(behind, reads)[1:]]
        return found

    def together(lo: Int64, hi: Int64, at: Int64) -> list[int]:
        others = tuple(axis for axis in range(lo.ndim) if axis != own)
        reads = lo <= hi
        first = np.where(reads, lo, 10**9).min(axis=others, initial=10**9)
        last = np.where(reads, hi, -(10**9)).max(axis=others, initial=-(10**9))
        sees = first <= last
        ahead, behind = last - at.reshape(-1), at.reshape(-1) - first
        return [*extremes(first, sees), *extremes(last, sees), *extremes(ahead, sees)[1:], *extremes(behind, sees)[1:]]

    return [reach, together]


def _on_a_line(ends: Ends, at: Int64, own: int) -> list[bool]:
    """Whether either end is one line along the axis, at the first index of the others; where something sees nothing, neither."""
    if (ends[0] > ends[1]).any():
        return []
    found = []
    for end in ends:
        values = np.moveaxis(end, own, 0).reshape(len(at), -1)[:, :1].reshape(-1)
        steps, apart = np.diff(values), np.diff(at)
        found.append(bool(len(steps) and (steps * apart[0] == steps[0] * apart).all()))
    return found


def _positions_at_borders(length: int) -> list[Callable[[Int64, Int64], Mask]]:
    """What reaches from border to border, lies within them, or reaches neither of them."""
    return [
        lambda lo, hi: (lo <= 0) & (hi >= length - 1),
        lambda lo, hi: (lo >= 0) & (hi < length),
        lambda lo, hi: lo > 0,
        lambda lo, hi: hi < length - 1,
    ]


def _smallest_inside(free: Ends, clipped: Ends, length: int) -> int | None:
    inside = (free[0] >= 0) & (free[0] <= free[1]) & (free[1] < length)
    sizes = np.where(clipped[0] <= clipped[1], clipped[1] - clipped[0] + 1, 0)
    return int(sizes[inside].min()) if inside.any() else None


@pytest.mark.parametrize("seed", range(120))
def test_drawn_programs(seed: int) -> None:
    check(seed)


def test_positions_are_spared() -> None:
    assert sum(check(seed) for seed in range(200, 220)) > 1000


def test_of_an_axis_that_no_memory_holds() -> None:
    n = 2**40
    result = _core.run([("x", (n,))], [("y", (n,), [(0, (Window(0, n, 3, 1, 4, 4),))], True)])
    ((places, counts),) = result.landmarks(1, 0)
    assert len(places) < 32
    assert counts.sum() == n
    lo, hi = result.intervals_at(1, 0, False, [places])
    assert (lo == places - 4).all()
    assert (hi == places + 4).all()


@pytest.mark.parametrize("wanted", [[[0], [0]], [[-1]], [[4]], [[0, 7]]])
def test_positions_outside_are_refused(wanted: list[list[int]]) -> None:
    result = _core.run([("x", (4,))], [("y", (4,), [(0, ())], True)])
    with pytest.raises(IndexError):
        result.intervals_at(1, 0, True, [np.array(part) for part in wanted])


def test_a_period_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        _core.run([("x", (4,))], []).landmarks(0, 0, 0, 0)


if __name__ == "__main__":
    run_seeds(check, "test_landmarks")

"""Long axes that are cut and merged: as runs, against what numpy reshapes of positions that stand for them."""

from __future__ import annotations

import numpy as np
import pytest

from rfonnx import _core
from rfonnx.operators.access.primitives import Permute, Reduce, Reshape, Step, Window

Steps = tuple[Step, ...]
FRAME, FRAMES = 160, 2**33
LONG = FRAME * FRAMES

CASES: dict[str, tuple[tuple[int, ...], Steps, tuple[int, ...], int]] = {
    # input shape, steps, output shape, input axis
    "frames": ((LONG,), (Reshape((FRAMES, FRAME)),), (FRAMES, FRAME), 0),
    "frames, by sample": ((LONG,), (Reshape((FRAMES, FRAME)), Permute((1, 0))), (FRAME, FRAMES), 0),
    "halves": ((LONG,), (Reshape((2, LONG // 2)),), (2, LONG // 2), 0),
    "phases laid end to end": ((FRAMES, FRAME), (Reshape((LONG,)),), (LONG,), 0),
    "phases, their place": ((FRAMES, FRAME), (Reshape((LONG,)),), (LONG,), 1),
    "rows laid end to end": ((3, LONG), (Reshape((3 * LONG,)),), (3 * LONG,), 1),
    "rows, which one": ((3, LONG), (Reshape((3 * LONG,)),), (3 * LONG,), 0),
    "groups of channels": ((12, LONG), (Reshape((4, 3 * LONG)),), (4, 3 * LONG), 1),
    "cut otherwise": ((FRAMES, FRAME), (Reshape((FRAMES * 5, 32)),), (FRAMES * 5, 32), 0),
    "two in the middle": ((6, FRAMES, 10), (Reshape((3, FRAMES * 4, 5)),), (3, FRAMES * 4, 5), 1),
}


def place(shape: tuple[int, ...], steps: Steps, position: tuple[int, ...]) -> tuple[int, ...]:
    """Where an output of renamings lies in the input, in whole numbers of any size."""
    shapes = [shape]
    for step in steps:
        last = shapes[-1]
        shapes.append(step.shape if isinstance(step, Reshape) else tuple(last[axis] for axis in step.perm))  # type: ignore[union-attr]
    for step, before, after in reversed(list(zip(steps, shapes, shapes[1:], strict=False))):
        if isinstance(step, Reshape):
            flat = 0
            for index, n in zip(position, after, strict=True):
                flat = flat * n + index
            place = []
            for n in reversed(before):
                place.append(flat % n)
                flat //= n
            position = tuple(reversed(place))
        elif isinstance(step, Permute):
            position = tuple(position[step.perm.index(axis)] for axis in range(len(before)))
    return position


LATE = {"rows laid end to end", "rows, which one", "groups of channels", "two in the middle"}
"""Of which some axis moves on after a whole row only: without borders they are widened, and said to be at most that."""


@pytest.mark.parametrize("name", CASES)
def test_each_position_is_where_it_was(name: str) -> None:
    shape, steps, out, axis = CASES[name]
    result = _core.run([("x", shape)], [("y", out, [(0, steps)], True)])
    assert (result.exact, result.widened) == ([name not in LATE], [name in LATE])
    rng = np.random.default_rng(0)
    corners = [[0] * len(out), [n - 1 for n in out], [n // 2 for n in out]]
    for position in [*corners, *([int(rng.integers(n)) for n in out] for _ in range(200))]:
        there = place(shape, steps, tuple(position))[axis]
        assert result.box(1, position, True)[axis] == (there, there), position


def test_windows_before_and_behind() -> None:
    """Strided phases laid end to end, as resampling by 160/441 does, and a window over what came of it."""
    n, out = 441 * 2**30, 2**30
    steps = (Window(0, out, 475, 441, 1, 17), Reshape((out, 1)))
    tensors = [
        ("phases", (out, FRAME), [(0, (*steps,))], True),
        ("samples", (out * FRAME,), [(1, (Reshape((out * FRAME,)),))], True),
        ("smooth", (out * FRAME,), [(2, (Window(0, out * FRAME, 3, 1, 1, 1),))], True),
        ("mean", (1,), [(2, (Reduce((0,)),))], True),
    ]
    result = _core.run([("x", (n,))], tensors)
    assert not any(result.widened)
    for at in (0, 1, 159, 160, 12_345_678_901, out * FRAME - 1):
        first, last = max(0, at - 1) // FRAME, min(out * FRAME - 1, at + 1) // FRAME
        wanted = (max(0, first * 441 - 17), min(n - 1, last * 441 - 17 + 474))
        assert result.box(3, [at], True) == [wanted]
    assert result.box(4, [0], True) == [(0, n - 1)]
    (lo,), (hi,) = (end.ravel() for end in result.intervals(2, 0, False, [(0, 1, 1)]))
    assert (lo, hi) == (-17, 457)


def test_rows_and_columns_of_two_long_axes() -> None:
    """Tokens of a large image: a row's number is one run, and so is a column's, of as many values as it is wide."""
    high, wide = 100_000, 50_000
    result = _core.run([("x", (high, wide))], [("y", (high * wide,), [(0, (Reshape((high * wide,)),))], True)])
    assert (result.exact, result.widened) == ([True], [False])
    for at in (0, wide - 1, wide, 1_234_567_890, high * wide - 1):
        assert result.box(1, [at], True) == [(at // wide,) * 2, (at % wide,) * 2]


def test_what_runs_cannot_hold_is_at_most_everything() -> None:
    """Both new axes are long, and each position along the one begins another line along the other."""
    n = 2**16
    result = _core.run([("x", (n * n,))], [("y", (n, n), [(0, (Reshape((n, n)),))], True)])
    assert (result.exact, result.widened) == ([False], [True])
    lo, hi = result.box(1, [5, 7], True)[0]
    assert lo <= 5 * n + 7 <= hi

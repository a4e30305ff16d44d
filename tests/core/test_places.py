"""A select whose positions are runs reads what the table of the same positions does.

`python -m core.test_places FIRST END`, in tests/, goes through more seeds, and names the first that fails.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from core.drawn import drawn
from core.hulls import run
from core.seeds import run_seeds
from core.test_runs import TABLES
from rfonnx import _core
from rfonnx.analysis.lower import Program
from rfonnx.operators.access.primitives import Select, Step
from rfonnx.operators.access.runs import Run, Runs, constant, line


def _cut(rng: random.Random, length: int) -> list[int]:
    """Lengths of runs that make up the axis."""
    ends = sorted({rng.randint(1, length) for _ in range(rng.randint(0, 3))} | {length})
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _runs(rng: random.Random, length: int, n: int) -> Runs:
    """Runs of any kind, some of them beyond the axis that is read."""
    found = []
    for part in _cut(rng, length):
        period = rng.randint(1, min(part, 5))
        slope = rng.choice((0, 1, 1, 2, -1, 3))
        start = rng.randint(-3, n + 2)
        values = tuple(start + rng.randint(-2, 2) for _ in range(period))
        increments = tuple(slope if rng.random() < 0.8 else rng.randint(-2, 3) for _ in range(period))
        found.append(Run(part, values, increments))
    return Runs(found)


def _beside(rng: random.Random, first: Runs, n: int) -> Runs:
    """Last positions: near the first ones, or any."""
    if rng.random() < 0.5:
        return _runs(rng, len(first), n)
    wide = rng.randint(-1, 4)
    return Runs([Run(length, tuple(v + wide for v in values), steps) for length, values, steps in first.runs])


def _in_runs(rng: random.Random, step: Step, n: int) -> Step:
    """A select in the place of each one, by runs."""
    if not isinstance(step, Select):
        return step
    length = len(step.first)
    first = _runs(rng, length, n)
    chosen = Select(step.axis, first, _beside(rng, first, n), rng.choice((1, 1, 1, 2, 3)))
    if rng.random() < 0.4:
        period, shift = rng.randint(1, length), rng.randint(-2, 4)
        starts = tuple(rng.randint(-3, 4) for _ in range(period))
        ends = tuple(start + rng.randint(0, 2) for start in starts)
        free = [Runs([Run(length, values, (shift,) * period)]) for values in (starts, ends)]
        chosen = chosen._replace(period=period, shift=shift, free_first=free[0], free_last=free[1])
    return chosen


def _as_table(step: Step) -> Step:
    if not isinstance(step, Select):
        return step
    return step._replace(**{
        name: value.table() for name, value in step._asdict().items() if isinstance(value, Runs)
    })  # fmt: skip


def _changed(program: Program, change: object) -> Program:
    tensors = []
    for tensor in program.tensors:
        paths = tuple((source, tuple(change(step) for step in steps)) for source, steps in tensor.paths)  # type: ignore[operator]
        tensors.append(tensor._replace(paths=paths))
    return program._replace(tensors=tuple(tensors))


def check(seed: int) -> None:
    """Intervals in both modes, and all that is said of them; support and path weights of the last position."""
    rng = random.Random(seed)
    by_runs = _changed(drawn(seed), lambda step: _in_runs(rng, step, 40))
    by_table = _changed(by_runs, _as_table)
    shapes = [shape for _, shape in by_runs.inputs] + [tensor.shape for tensor in by_runs.tensors]
    for runs_from in (1, 16, TABLES):
        mine, theirs = run(by_runs, runs_from=runs_from), run(by_table, runs_from=runs_from)
        assert mine.exact == theirs.exact
        assert mine.widened == theirs.widened
        assert mine.misaligned_joins == theirs.misaligned_joins
        assert mine.global_steps == theirs.global_steps
        for source, shape in enumerate(shapes):
            for column in range(len(mine.axes)):
                assert mine.centers(source, column) == theirs.centers(source, column)
                for clip in (True, False):
                    pairs = zip(
                        mine.intervals(source, column, clip), theirs.intervals(source, column, clip), strict=True
                    )
                    for a, b in pairs:
                        assert (np.broadcast_to(a, shape) == np.broadcast_to(b, shape)).all(), (runs_from, source, clip)
        said = theirs.summaries()
        for key, value in mine.summaries().items():
            assert (value == said[key]).all(), (runs_from, key)
        last = [n - 1 for n in shapes[-1]]
        for ask in ("support", "paths"):
            ours, others = (getattr(result, ask)(len(shapes) - 1, last, 0) for result in (mine, theirs))
            assert [place for place, _ in ours] == [place for place, _ in others]
            assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(ours, others, strict=True))


@pytest.mark.parametrize("seed", range(150))
def test_runs_read_what_their_table_does(seed: int) -> None:
    check(seed)


def test_a_long_axis_costs_its_runs() -> None:
    """Nearest by 2 of 2^30 positions and a window over it; then the mirror image of all."""
    n = 2**30
    nearest, back = Runs([Run(2 * n, (0, 0), (1, 1))]), Runs([line(2 * n, 2 * n - 1, -1)])
    steps: tuple[Step, ...] = (Select(0, nearest, nearest, 1, 2, 1), Select(0, back, back))
    result = _core.run([("x", (n,))], [("y", (2 * n,), [(0, steps)], True)])
    lo, hi = result.intervals(1, 0, True, [(0, 2, 2 * n - 1)])
    assert (lo.tolist(), hi.tolist()) == ([n - 1, 0], [n - 1, 0])
    assert not result.widened[0]
    assert result.summaries()["size"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        (([Run(2, (0, 1, 2), (0, 0, 0))],) * 2, "at most as many values"),
        (([Run(2, (0,), (1, 1))],) * 2, "each with an increment"),
        (([Run(3, (), ())],) * 2, "a position or more"),
        (([line(3, 0)], [line(4, 0)]), "differ in length"),
        (([line(2**41, 0)],) * 2, "length is out of range"),
    ],
)
def test_what_is_no_run_is_refused(runs: tuple[list[Run], list[Run]], says: str) -> None:
    first, last = (Runs(some) for some in runs)
    with pytest.raises(ValueError, match=says):
        _core.run([("x", (3,))], [("y", (3,), [(0, (Select(0, first, last),))], True)])


def test_a_table_beside_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="some are runs, and the others a table"):
        _core.run([("x", (3,))], [("y", (3,), [(0, (Select(0, np.arange(3), Runs([line(3, 0)])),))], True)])


def test_positions_beyond_64_bits_are_told() -> None:
    far = Runs([line(2**20, 0, 2**50)])
    with pytest.raises(OverflowError, match="exceeds 64 bits"):
        _core.run([("x", (3,))], [("y", (2**20,), [(0, (Select(0, far, far),))], True)])


def test_runs_write_their_table() -> None:
    assert Runs([constant(2, 7), Run(5, (1, 9), (2, -1))]).table().tolist() == [7, 7, 1, 9, 3, 8, 5]
    assert len(Runs([line(0, 1), line(3, 1)])) == 3


if __name__ == "__main__":
    run_seeds(check, "test_places")

"""Long axes are kept as runs, short ones as tables: each program either way, equal to the entry.

`python -m core.test_runs FIRST END`, in tests/, goes through more seeds, and names the first that fails.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, note, settings

from core.drawn import drawn
from core.hulls import run
from core.programs import programs, unbroken_programs
from core.seeds import run_seeds
from rfonnx.analysis.lower import Program

TABLES = 2**62
"""From which length on axes are kept as runs: never."""


def check(program: Program) -> None:
    """Intervals in both modes, all that is said of them, centres and joins; runs from 1, 3 and 16 positions on."""
    tables = run(program, runs_from=TABLES)
    shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
    for runs_from in (1, 3, 16):
        runs = run(program, runs_from=runs_from)
        assert runs.exact == tables.exact
        assert runs.widened == tables.widened
        for source, shape in enumerate(shapes):
            for column in range(len(tables.axes)):
                for clip in (True, False):
                    ends = zip(
                        runs.intervals(source, column, clip), tables.intervals(source, column, clip), strict=True
                    )
                    for mine, theirs in ends:
                        same = np.broadcast_to(mine, shape) == np.broadcast_to(theirs, shape)
                        assert same.all(), (runs_from, source, column, clip)
                assert runs.centers(source, column) == tables.centers(source, column)
        assert runs.misaligned_joins == tables.misaligned_joins
        assert runs.global_steps == tables.global_steps
        said = tables.summaries()
        for key, mine in runs.summaries().items():
            assert (mine == said[key]).all(), (runs_from, key)


@pytest.mark.parametrize("seed", [*range(150), 42311, 45241, 50614, 76935])
def test_drawn_programs(seed: int) -> None:
    """The last four: a walk that came in classes as a table, and position by position as runs, or the other way around."""
    check(drawn(seed))


@pytest.mark.parametrize("seed", range(150))
def test_drawn_reshapes(seed: int) -> None:
    """Axes that are cut, merged and cut anew, along and beside what is kept as runs."""
    check(drawn(seed, more="e" * 15))


@settings(max_examples=60)
@given(programs())
def test_random_programs(program: Program) -> None:
    note(str(program))
    check(program)


@settings(max_examples=60)
@given(unbroken_programs(("window", "spread", "repeat", "permute", "reduce")))
def test_programs_without_borders(program: Program) -> None:
    note(str(program))
    check(program)


if __name__ == "__main__":
    run_seeds(lambda seed: check(drawn(seed)), "test_runs")

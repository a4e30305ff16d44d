"""Which positions have a position of the input in their interval: against the intervals of all, and by a shift on a long axis."""

from __future__ import annotations

import random

import numpy as np
import pytest

from core.drawn import drawn
from core.hulls import run
from rfonnx import _core
from rfonnx.analysis.patches import seeing
from rfonnx.operators.access.primitives import Spread, Window


@pytest.mark.parametrize("seed", range(60))
def test_drawn_programs(seed: int) -> None:
    program, rng = drawn(seed), random.Random(seed)
    for runs_from in (1, 2**62):
        result = run(program, runs_from=runs_from)
        for source, tensor in enumerate(program.tensors, len(program.inputs)):
            number = rng.randrange(len(program.inputs))
            columns = [column for column, (given, _) in enumerate(result.axes) if given == number]
            shape = program.inputs[number][1]
            if not all(shape) or not all(tensor.shape):
                continue
            origin = [rng.randrange(n) for n in shape]
            wanted = np.ones(tensor.shape, bool)
            for column, at in zip(columns, origin, strict=True):
                lo, hi = result.intervals(source, column, True)
                wanted &= (lo <= at) & (at <= hi)
            found, differs = seeing(result, source, columns, origin, tensor.shape)
            assert np.array_equal(found.along(range(len(tensor.shape))).table(), wanted)
            for axis in set(range(wanted.ndim)) - set(differs):
                assert (wanted == wanted.take([0], axis)).all()


def test_an_axis_that_no_memory_holds() -> None:
    """Three of stride 2 down, 6 of stride 3 up: which of the outputs see the middle of the input."""
    told = []
    for n in (1200, 12 * 2**35):
        steps = (Window(0, n // 2, 3, 2, 1, 1), Spread(0, n // 2 * 3, 6, 3, 1, 0))
        result = _core.run([("x", (n,))], [("y", (n // 2 * 3,), [(0, steps)], True)])
        found, differs = seeing(result, 1, [0], [n // 2], (n // 2 * 3,))
        assert differs == (0,)
        extent = found.along((0,)).extent(0)
        assert extent is not None
        told.append((extent.first - n // 4 * 3, extent.last - n // 4 * 3, extent.used))
    assert told[0] == told[1]

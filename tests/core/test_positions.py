"""Some positions of a long axis: what the whole table has there, without the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rfonnx
from core.drawn import drawn
from core.hulls import run
from rfonnx import _core
from rfonnx.errors import QueryError
from rfonnx.operators.access.primitives import Window

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize("runs_from", [1, 2**62])
@pytest.mark.parametrize("seed", range(20))
def test_some_positions_are_those_of_all(seed: int, runs_from: int) -> None:
    program = drawn(seed)
    result = run(program, runs_from=runs_from)
    for source, tensor in enumerate(program.tensors, len(program.inputs)):
        picked = [slice(n // 3, n, 1 + n // 7) for n in tensor.shape]
        ranges = [range(n)[part] for part, n in zip(picked, tensor.shape, strict=True)]
        wanted = [(r.start, len(r), r.step) for r in ranges]
        for column in range(len(result.axes)):
            for clip in (True, False):
                ends = result.intervals(source, column, clip, wanted), result.intervals(source, column, clip)
                for some, all_of in zip(*ends, strict=True):
                    whole = np.broadcast_to(all_of, tensor.shape)[tuple(picked)]
                    assert (np.broadcast_to(some, whole.shape) == whole).all()


def test_of_an_axis_that_no_memory_holds() -> None:
    n = 2**40
    result = _core.run([("x", (n,))], [("y", (n,), [(0, (Window(0, n, 3, 1, 4, 4),))], True)])
    lo, hi = result.intervals(1, 0, True, [(n - 6, 6, 1)])
    assert lo.tolist() == [n - 10, n - 9, n - 8, n - 7, n - 6, n - 5]
    assert hi.tolist() == [n - 2, n - 1, n - 4, n - 3, n - 2, n - 1]


@pytest.mark.parametrize("wanted", [[], [(0, 1, 1)] * 3, [(0, 5, 1)], [(-1, 2, 1)], [(0, 2, 0)], [(3, 2, -1)]])
def test_positions_outside_are_refused(wanted: list[tuple[int, int, int]]) -> None:
    result = _core.run([("x", (4,))], [("y", (4,), [(0, ())], True)])
    if wanted:
        with pytest.raises(IndexError):
            result.intervals(1, 0, True, wanted)
    else:
        assert result.intervals(1, 0, True, wanted)[0].tolist() == [0, 1, 2, 3]


def test_slices_of_an_analysis() -> None:
    analysis = rfonnx.analyze(MODELS / "wavenet.onnx")
    output = analysis.outputs[0]
    shape = analysis.tensors[output].shape or ()
    picked = tuple(slice(-5, None) for _ in shape)
    for some, all_of in zip(
        analysis.intervals(output, analysis.inputs[0], -1, positions=picked),
        analysis.intervals(output, analysis.inputs[0], -1),
        strict=True,
    ):
        wanted = np.broadcast_to(all_of, [n or 0 for n in shape])[picked]
        assert (np.broadcast_to(some, wanted.shape) == wanted).all()
    last = [np.arange(-5, 0), *[np.array([0])] * (len(shape) - 1)][::-1]
    for one, some in zip(
        analysis.intervals(output, analysis.inputs[0], -1, positions=last),
        analysis.intervals(output, analysis.inputs[0], -1, positions=picked),
        strict=True,
    ):
        assert (one.reshape(-1) == some.reshape(-1)).all()
    for wrong in ([[0]] * (len(shape) + 1), [[0, 1100]] * len(shape), [[[0]]] * len(shape)):
        with pytest.raises(QueryError, match="a list of positions"):
            analysis.intervals(output, analysis.inputs[0], -1, positions=[np.array(part) for part in wrong])
    with pytest.raises(QueryError, match="one slice per axis"):
        analysis.intervals(output, analysis.inputs[0], -1, positions=picked[1:])
    with pytest.raises(QueryError, match="backwards"):
        analysis.intervals(output, analysis.inputs[0], -1, positions=[slice(None, None, -1)] * len(shape))

"""Positions along long axes are runs: the same ones as in tables, and no more runs along 2^30 positions than along 10^4."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import rfonnx
from access.probe import probe, values
from rfonnx.analysis.lower import lower
from rfonnx.model.reading.load import load
from rfonnx.operators.access import long_sampling, runs
from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.long_sampling import BY_SCALE, long_taps
from rfonnx.operators.access.primitives import Select, Tables, tables
from rfonnx.operators.access.runs import Run, Runs, clipped
from rfonnx.operators.access.sampling import IN_DOUBT, taps


def ints(*given: int) -> np.ndarray:
    return np.array(given, np.int64)


@pytest.fixture
def always_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (runs, long_sampling):
        monkeypatch.setattr(module, "SHORTEST", 1)


@pytest.mark.usefixtures("always_runs")
@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
@pytest.mark.parametrize(("begin", "end"), [(0, 2), (2, 0), (1, 2), (-1, 2), (2, -1)])
def test_pad(mode: str, begin: int, end: int) -> None:
    given = {"x": values(2, 5), "pads": ints(0, begin, 0, end)}
    probe("Pad", given, constants=["pads"], mode=mode, opset=19, trials=1)


@pytest.mark.usefixtures("always_runs")
def test_concat() -> None:
    probe("Concat", {"a": values(2, 3), "b": values(2, 4, seed=1)}, axis=1, trials=1)


@pytest.mark.usefixtures("always_runs")
@pytest.mark.parametrize("steps", [None, (1,), (2,), (-1,)])
def test_a_slice_whose_start_is_computed(steps: Sequence[int] | None) -> None:
    given = {"x": values(7), "starts": ints(1), "ends": ints(5)}
    order = ["x", "starts", "ends"]
    if steps is not None:
        given |= {"axes": ints(0), "steps": ints(*steps)}
        order += ["axes", "steps"]
    constants = [name for name in ("axes", "steps") if name in given]
    if steps == (-1,):
        given |= {"starts": ints(5), "ends": ints(1)}
    probe("Slice", given, constants=constants, order=order, exact=False, trials=1)


@pytest.mark.usefixtures("always_runs")
@pytest.mark.parametrize("scale", [0.25, 0.5, 2.0, 4.0])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_resize(scale: float, mode: str) -> None:
    given = {"x": values(1, 1, 1, 8), "scales": np.array([1, 1, 1, scale], np.float32)}
    program = probe(
        "Resize", given, constants=["scales"], order=["x", "", "scales"], opset=19, trials=1, exact=None, mode=mode
    )
    assert any(isinstance(step.first, Runs) for step in program.tensors[0].paths[0][1] if isinstance(step, Select))


def axis(n: int, m: int, scale: float, mode: str, how: str, nearest: str = "floor", antialias: bool = False) -> Resized:
    return Resized(0, n, m, scale, False, False, (0.0, 1.0), mode, how, nearest, -0.75, antialias)


def table_of(found: tuple[Select, str] | None) -> Tables:
    assert found is not None
    read = tables(found[0])
    assert read is not None
    return read


@pytest.mark.usefixtures("always_runs")
@pytest.mark.parametrize("how", BY_SCALE)
def test_taps_from_fractions_are_those_of_the_table(how: str) -> None:
    for (p, q), n, mode, antialias in itertools.product(
        ((1, 8), (1, 2), (2, 1), (4, 1), (16, 1)), (16, 67, 520), ("nearest", "linear", "cubic"), (False, True)
    ):
        m = n * p // q
        for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")[: 4 if mode == "nearest" else 1]:
            one = axis(n, m, p / q, mode, how, nearest, antialias)
            mine, theirs = long_taps(one), taps(one)
            assert mine is not None, one
            assert theirs is not None
            assert mine[1] == theirs[1], one
            for a, b in zip(table_of(mine), table_of(theirs), strict=True):
                assert np.array_equal(a, b), one
            if theirs[0].period:
                assert mine[0][4:6] == theirs[0][4:6], one


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize(("p", "q"), [(3, 1), (2, 3), (5, 4), (2, 1), (1, 4), (7, 10)])
def test_beyond_a_table_taps_hold_those_that_rounding_decides(
    mode: str, p: int, q: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_sampling, "MOST_LAID_OUT", 1)
    monkeypatch.setattr(long_sampling, "HELD", 2**8)
    for how in BY_SCALE:
        one = axis(20000 * q, 20000 * p, p / q, mode, how, "round_prefer_floor")
        found = long_taps(one)
        mine, theirs = table_of(found), table_of(taps(one))
        assert found is not None
        assert found[1] == IN_DOUBT
        assert (mine.first <= theirs.first).all()
        assert (theirs.last <= mine.last).all()
        assert (mine.free_first <= theirs.free_first).all()
        assert (theirs.free_last <= mine.free_last).all()
        assert (mine.last - mine.first <= theirs.last - theirs.first + 6).all()


def test_values_are_held_at_both_ends() -> None:
    for values_, shift, top, length in itertools.product(((-4, -3), (0,), (5, 2, 9)), (1, 3), (0, 4, 30), (1, 7, 12)):
        kept = values_[:length]
        run = Run(length, kept, (shift,) * len(kept))
        held = Runs(clipped(run, top)).table()
        assert held.tolist() == np.clip(Runs([run]).table(), 0, top).tolist()


def resized(n: int) -> onnx.ModelProto:
    """Mirrored at both ends, put behind itself, twice as long by the nearest, and a window of three over that."""
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, length])
        for name, length in (("x", n), ("y", 4 * n + 16))
    )
    kept = [
        helper.make_tensor("pads", TensorProto.INT64, [6], [0, 0, 2, 0, 0, 2]),
        helper.make_tensor("scales", TensorProto.FLOAT, [3], [1, 1, 2]),
        helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3], [1, 1, 1]),
    ]
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["a"], mode="reflect"),
        helper.make_node("Concat", ["a", "a"], ["b"], axis=2),
        helper.make_node("Resize", ["b", "", "scales"], ["c"], **nearest),
        helper.make_node("Conv", ["c", "w"], ["y"], pads=[1, 1]),
    ]
    graph = helper.make_graph(nodes, "long", [x], [y], kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def test_an_axis_of_2_to_the_30_takes_no_more_runs_than_a_short_one() -> None:
    counts = []
    for n in (10**4, 2**20, 2**30):
        program = lower(load(resized(n)))
        steps = [step for t in program.tensors for _, path in t.paths for step in path if isinstance(step, Select)]
        found = [step.first for step in steps if step.axis == 2]
        assert len(found) == 4, [type(step) for step in steps]
        counts.append(sum(len(first.runs) for first in found if isinstance(first, Runs)))
    assert 8 <= counts[0] == counts[1] <= counts[2] <= counts[0] + 20


@pytest.mark.parametrize("n", [10**4, 2**18])
def test_the_field_of_a_long_resize(n: int) -> None:
    """A window over the copies sees two neighbours: by the mirror twice as wide, and both ends where the copies meet."""
    analysis = rfonnx.analyze(resized(n))
    low, high = analysis.intervals("y", "x", 2, clip=True)
    low, high = low.ravel(), high.ravel()
    mirrored = np.pad(np.arange(n), 2, mode="reflect")
    seen = np.repeat(np.concatenate([mirrored, mirrored]), 2)
    around = np.stack([seen[:-2], seen[1:-1], seen[2:]])
    assert np.array_equal(low[1:-1], around.min(0))
    assert np.array_equal(high[1:-1], around.max(0))
    assert analysis.tensors["y"].exact


def test_the_field_of_a_resize_that_no_table_holds() -> None:
    """Where float32 holds every coordinate it is the field of a short one, and farther on at most so much more."""
    n = 2**30
    analysis = rfonnx.analyze(resized(n))
    field = analysis.tensors["c"]
    assert (field.exact, field.notes) == (False, (IN_DOUBT,))
    some = [slice(0, 1), slice(0, 1), np.array([1000, 2**31 - 2**20, 4 * n - 1])]
    low, high = (end.ravel() for end in analysis.intervals("y", "x", 2, positions=some))
    assert (int(low[0]), int(high[0])) == (497, 498)
    rounding = 2 * n // 2**20
    there = n - 2**19 - 2
    assert there - 2 * rounding <= low[1] < there < high[1] <= there + 2 * rounding
    assert 0 < high[2] - low[2] <= 4 * rounding

"""Support and path weights of single positions against plain dictionaries, and along axes that no memory holds."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, note, settings

from access.brute import step_reads
from core import borderless
from core.drawn import drawn
from core.hulls import run
from core.programs import Shape, after, programs
from rfonnx import _core
from rfonnx.analysis.lower import Program
from rfonnx.analysis.patches import laid_out, reads_of
from rfonnx.operators.access.primitives import Band, Reduce, Reshape, Select, Spread, Step, Window

Patches = Sequence[tuple[Sequence[Sequence[tuple[int, int, int]]], np.ndarray]]

Position = tuple[int, ...]
Shares = dict[Position, float]


def read_back(step: Step, shape: Shape, shares: Shares) -> Shares:
    """What each position's share becomes: split over all that it reads, of which what lies beyond the tensor is lost."""
    result: Shares = {}
    _, reads = step_reads(step, shape)
    for position, share in shares.items():
        read = list(reads(position))
        whole = (
            len(list(borderless.step_reads(step, shape, position))) if isinstance(step, Spread | Select) else len(read)
        )
        for q in read:
            if all(0 <= i < n for i, n in zip(q, shape, strict=True)):
                result[q] = result.get(q, 0) + share / max(whole, 1)
    return result


def arrivals(shape: Shape, joined: Shape, shares: Shares) -> Shares:
    """The positions of a shape that those of the shape which it is broadcast to read."""
    skip, result = len(joined) - len(shape), dict[Position, float]()
    for position, share in shares.items():
        q = tuple(0 if n == 1 else i for i, n in zip(position[skip:], shape, strict=True))
        result[q] = result.get(q, 0) + share
    return result


def shares_of(program: Program, source: int, position: Position) -> dict[int, Shares]:
    """By input."""
    inputs = len(program.inputs)
    shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
    found: dict[int, Shares] = {source: {position: 1.0}}
    for number in range(source, inputs - 1, -1):
        for start, steps in program.tensors[number - inputs].paths if number in found else ():
            before = [shapes[start], *itertools.accumulate(steps, after, initial=shapes[start])][1:]
            shares = arrivals(before[-1], shapes[number], found[number])
            for step, shape in zip(reversed(steps), reversed(before[:-1]), strict=True):
                shares = read_back(step, shape, shares)
            known = found.setdefault(start, {})
            for q, share in shares.items():
                known[q] = known.get(q, 0) + share
    return {number: found.get(number, {}) for number in range(inputs)}


def check(program: Program, positions: Iterable[tuple[int, Position]]) -> None:
    result = run(program)
    for source, position in positions:
        for number, shares in shares_of(program, source, position).items():
            shape = program.inputs[number][1]
            wanted = np.zeros(shape)
            for q, share in shares.items():
                wanted[q] = share
            paths = laid_out(reads_of(result.paths(source, list(position), number), shape, np.float64), np.float64)
            np.testing.assert_allclose(paths, wanted, rtol=1e-9, atol=1e-300)
            reached = (
                laid_out(reads_of(result.support(source, list(position), number), shape, np.float64), np.float64) > 0
            )
            assert (reached == (wanted > 0)).all(), (source, position, number)


def some_positions(program: Program, seed: int) -> Iterable[tuple[int, Position]]:
    rng = random.Random(seed)
    for source, tensor in enumerate(program.tensors, len(program.inputs)):
        for _ in range(2):
            yield source, tuple(rng.randrange(n) for n in tensor.shape)


@pytest.mark.parametrize("seed", range(40))
def test_drawn_programs(seed: int) -> None:
    program = drawn(seed)
    check(program, some_positions(program, seed))


@settings(max_examples=50)
@given(programs())
def test_random_programs(program: Program) -> None:
    note(str(program))
    check(program, some_positions(program, 0))


FAR = 2**40


def patches_of(steps: Sequence[Step], shape: Shape, end: Shape, position: list[int]) -> Patches:
    result = _core.run([("x", shape)], [("y", end, [(0, tuple(steps))], True)])
    return result.support(1, position, 0)


def places(patches: Patches) -> list[int]:
    """Of an axis that is read at few positions."""
    found = []
    for [spans], values in patches:
        starts = itertools.accumulate((period for _, _, period in spans), initial=0)
        for (first, count, period), start in zip(spans, starts, strict=False):
            found += [first + k for k in range(count) if values[start + k % period]]
    return sorted(found)


def test_a_window_of_an_axis_that_no_memory_holds() -> None:
    patches = patches_of([Window(0, FAR, 3, 1, 512, 512)] * 2, (FAR,), (FAR,), [FAR // 2])
    assert places(patches) == [FAR // 2 + k * 512 for k in (-2, -1, 0, 1, 2)]
    assert sum(values.size for _, values in patches) < 10_000


def test_both_ends_of_an_axis_that_no_memory_holds() -> None:
    """Position 1 reads the middle three, of which each reads one third of the axis further on: three spans."""
    steps = [Window(0, 3, 1, FAR // 3, 1, 0), Window(0, 3, 3, 1, 1, 1)]
    patches = patches_of(steps, (FAR,), (3,), [1])
    assert places(patches) == [0, FAR // 3, 2 * (FAR // 3)]
    assert sum(values.size for _, values in patches) == 3


def test_an_axis_that_is_taken_whole_is_one_value() -> None:
    patches = patches_of([Reduce((0,))], (FAR, 4), (1, 4), [0, 2])
    assert [(list(sides), values.tolist()) for sides, values in patches] == [([[(0, FAR, 1)], [(2, 1, 1)]], [[1]])]


def test_rows_of_a_large_image() -> None:
    """Flat position n of an image, and its neighbours, which lie in one row or at the ends of two."""
    height, width = 2**20, 2**20
    steps = [Reshape((height * width,)), Window(0, height * width, 3, 1, 1, 1)]
    inside = patches_of(steps, (height, width), (height * width,), [5 * width + 7])
    assert [(list(sides), values.tolist()) for sides, values in inside] == [([[(5, 1, 1)], [(6, 3, 1)]], [[1]])]


def test_keys_of_a_band() -> None:
    queries = 8
    band = Band(0, 1, np.arange(queries) * 100, np.arange(queries) * 100 + 2)
    patches = patches_of([band], (FAR, queries), (1, queries), [0, 5])
    assert [(list(sides), values.tolist()) for sides, values in patches] == [([[(500, 3, 1)], [(5, 1, 1)]], [[1]])]


def test_random_rows_of_an_axis_that_no_memory_holds() -> None:
    rows = np.random.default_rng(0).integers(0, FAR, 300)
    patches = patches_of([Select(0, rows, rows), Window(0, 1, 300, 1, 1, 0)], (FAR,), (1,), [0])
    assert places(patches) == sorted(set(rows.tolist()))

"""Support and path weights of what takes a long axis whole, behind steps along it: against arrays of all positions.

Axes are longer than what the core asks of one output after the other (4,096): it goes by periods. Shares are those of
the plain definition, and along 2^40 positions those of a shorter axis with the same remainder.
"""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from rfonnx import _core
from rfonnx.analysis.patches import laid_out, reads_of
from rfonnx.operators.access.primitives import Reduce, Reshape, Select, Spread, Step, Window
from rfonnx.operators.access.runs import Runs, line, table

Shape = tuple[int, ...]


def reads_along(step: Window | Spread | Select, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By output the positions that it reads, beyond the borders too, and which of these columns are reads at all."""
    match step:
        case Window(_, _, kernel, stride, dilation, pad):
            found = output[:, None] * stride - pad + np.arange(kernel) * dilation
            return found, np.ones_like(found, bool)
        case Spread(_, _, kernel, stride, dilation, pad):
            moved = output[:, None] + pad - np.arange(kernel) * dilation
            return moved // stride, moved % stride == 0
        case _:
            first, last = np.asarray(table(step.first))[output], np.asarray(table(step.last))[output]
            found = first[:, None] + np.arange(max(0, int((last - first).max())) + 1) * step.step
            return found, found <= last[:, None]


def read_back(step: Step, shape: Shape, shares: np.ndarray) -> np.ndarray:
    """Shares over all positions before a step, of those after it."""
    match step:
        case Reduce(axes):
            return np.broadcast_to(shares / math.prod(shape[axis] for axis in axes), shape)
        case Reshape():
            return shares.reshape(shape)
        case Window() | Spread() | Select():
            found, reads = reads_along(step, np.arange(shares.shape[step.axis]))
            parts = np.maximum(reads.sum(1), 1)
            reads = reads & (found >= 0) & (found < shape[step.axis])
            rows = np.moveaxis(shares, step.axis, 0) / parts.reshape(-1, *[1] * (shares.ndim - 1))
            result = np.zeros((shape[step.axis], *rows.shape[1:]))
            for column in range(found.shape[1]):
                np.add.at(result, found[reads[:, column], column], rows[reads[:, column]])
            return np.moveaxis(result, 0, step.axis)
    raise AssertionError(step)


def sliding(rng: random.Random, axis: int, length: int) -> tuple[Step, int]:
    """A step along an axis of some length, and how long it is then."""
    stride, dilation, kernel, pad = rng.randint(1, 4), rng.randint(1, 5), rng.randint(1, 5), rng.randint(-2, 9)
    match rng.choice(["window", "back", "spread", "mirror", "tile"]):
        case "window":
            after = max(1, (length + pad) // stride - rng.randint(0, 3))
            return Window(axis, after, kernel, stride, dilation, pad), after
        case "back":
            return Window(axis, length, kernel, -1, dilation, -(length - 1)), length
        case "spread" if length < 15_000:
            after = length * stride + rng.randint(-2, 3)
            return Spread(axis, after, kernel, stride, dilation, pad), after
        case "mirror":
            edge = rng.randint(1, 3)
            runs = Runs([line(edge, edge, -1), line(length, 0)])
            return Select(axis, runs, runs, 1), length + edge
    times = 2
    runs = Runs([line(length, 0)] * times)
    return Select(axis, runs, runs, 1), length * times


def chain(seed: int) -> tuple[Shape, list[Step], Shape]:
    """Some steps along an axis, maybe parted into rows and back, and then all of it."""
    rng = random.Random(seed)
    row = rng.choice([1, 4, 6])
    first = rng.randint(9000, 12_000) // row * row
    steps: list[Step] = []
    length = first
    for _ in range(rng.randint(0, 2)):
        step, length = sliding(rng, 0, length)
        steps.append(step)
    shape: Shape = (length,)
    if rng.random() < 0.5 and length % row == 0:
        shape = (length // row, row)
        steps.append(Reshape(shape))
        if rng.random() < 0.7:
            axis = rng.randint(0, 1)
            step, after = sliding(rng, axis, shape[axis])
            steps.append(step)
            shape = (after, shape[1]) if axis == 0 else (shape[0], after)
        if rng.random() < 0.5:
            shape = (math.prod(shape),)
            steps.append(Reshape(shape))
    axes = tuple(sorted(rng.sample(range(len(shape)), rng.randint(1, len(shape)))))
    steps.append(Reduce(axes))
    return (first,), steps, tuple(1 if axis in axes else n for axis, n in enumerate(shape))


@pytest.mark.parametrize("seed", range(60))
def test_what_takes_all_of_an_axis(seed: int) -> None:
    given, steps, end = chain(seed)
    result = _core.run([("x", given)], [("y", end, [(0, tuple(steps))], True)])
    position = [n // 2 for n in end]
    shares = np.zeros(end)
    shares[tuple(position)] = 1
    shapes = [given]
    for step in steps:
        shapes.append(after(shapes[-1], step))
    for step, before in zip(reversed(steps), reversed(shapes[:-1]), strict=True):
        shares = read_back(step, before, shares)
    np.testing.assert_allclose(
        laid_out(reads_of(result.paths(1, position, 0), given, np.float64), np.float64), shares, rtol=1e-9, atol=1e-15
    )
    assert np.array_equal(laid_out(reads_of(result.support(1, position, 0), given, np.bool_), np.bool_), shares > 0)


def after(shape: Shape, step: Step) -> Shape:
    match step:
        case Reduce(axes):
            return tuple(1 if axis in axes else n for axis, n in enumerate(shape))
        case Reshape(new):
            return tuple(new)
        case Window() | Spread():
            return (*shape[: step.axis], step.length, *shape[step.axis + 1 :])
    assert isinstance(step, Select)
    return (*shape[: step.axis], len(step.first), *shape[step.axis + 1 :])


def strided(n: int) -> tuple[Shape, list[Step], Shape]:
    """Kernels of 3 every 7 positions, spread to 2, 5 apart, in rows of 10, and the mean of all: positions 7 apart are skipped."""
    down = n // 7
    steps = [
        Window(0, down, 3, 7, 1, 1),
        Spread(0, 2 * down, 2, 2, 5, 0),
        Reshape((2 * down // 10, 10)),
        Window(1, 4, 2, 2, 1, 0),
        Reduce((0, 1)),
    ]
    return (n,), steps, (1, 1)


def test_an_axis_of_2_to_the_40_is_read_as_a_short_one() -> None:
    told = []
    for n in (7 * 5 * 2**14, 7 * 5 * 2**34):
        given, steps, end = strided(n)
        result = _core.run([("x", given)], [("y", end, [(0, tuple(steps))], True)])
        for kind, patches in ((np.bool_, result.support(1, [0, 0], 0)), (np.float64, result.paths(1, [0, 0], 0))):
            assert sum(values.size for _, values in patches) < 200
            grid = reads_of(patches, given, kind).along((0,))
            middle = n // 2 // 70 * 70
            total = float(grid.total()) / (n if kind is np.bool_ else 1)
            near = [(0, 199), (middle, middle + 199), (n - 200, n - 1)]
            told.append((total, [grid.part([box]) * (1.0 if kind is np.bool_ else float(n)) for box in near]))
    for short, long in zip(told[:2], told[2:], strict=True):
        assert short[0] == pytest.approx(long[0], rel=1e-3)
        for one, other in zip(short[1], long[1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)


def test_what_no_period_holds_is_refused() -> None:
    """Positions up to each output, the mean of all outputs: each position has a share of its own."""
    n = 2**30
    zero, own = Runs([line(n, 0, 0)]), Runs([line(n, 0)])
    result = _core.run([("x", (n,))], [("y", (1,), [(0, (Select(0, zero, own, 1), Reduce((0,))))], True)])
    with pytest.raises(ValueError, match="too many positions to lay out"):
        result.paths(1, [0], 0)

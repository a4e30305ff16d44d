"""Random access programs by seed, of axes long enough for runs to be longer than their periods."""

from __future__ import annotations

import math
import random

import numpy as np

from core.programs import after
from rfonnx.analysis.lower import Program, Tensor
from rfonnx.operators.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Step, Window

Shape = tuple[int, ...]

LONGEST = 160
MOST_ELEMENTS = 2_000


def drawn(seed: int, more: str = "") -> Program:
    """One or two inputs, one to seven tensors, each the join of one to three paths.

    Args:
        seed: of the program.
        more: kinds of steps that come more often, by the letters of `_step`.
    """
    rng = random.Random(seed)
    inputs = tuple((f"x{i}", _shape(rng)) for i in range(rng.choice((1, 1, 2))))
    known = [shape for _, shape in inputs]
    tensors: list[Tensor] = []
    for index in range(rng.randint(1, 7)):
        source = rng.choice((len(known) - 1, rng.randrange(len(known))))
        shape, chosen = known[source], []
        for _ in range(rng.randint(1, 3)):
            step = _step(rng, shape, more)
            if math.prod(after(shape, step)) <= MOST_ELEMENTS:
                chosen.append(step)
                shape = after(shape, step)
        paths = [(source, tuple(chosen))]
        for _ in range(rng.choice((0, 0, 1, 2))):
            other = rng.randrange(len(known))
            if len(known[other]) <= len(shape):
                paths.append((other, _fitting(rng, known[other], shape)))
        tensors.append(Tensor(f"t{index}", shape, tuple(paths), True, "", "Test", "", index))
        known.append(shape)
    return Program(inputs, tuple(tensors))


def _shape(rng: random.Random) -> Shape:
    shape = [rng.randint(1, 4) for _ in range(rng.randint(0, 2))]
    shape.insert(rng.randint(0, len(shape)), rng.randint(1, LONGEST))
    return tuple(shape)


def _length(rng: random.Random, shape: Shape, axis: int) -> int:
    others = math.prod(shape) // max(shape[axis], 1)
    about = rng.choice((shape[axis], shape[axis], 2 * shape[axis], shape[axis] // 2 + 1, rng.randint(1, LONGEST)))
    return max(1, min(about, LONGEST, MOST_ELEMENTS // max(others, 1)))


def _step(rng: random.Random, shape: Shape, more: str) -> Step:
    axis = rng.choice((shape.index(max(shape)), rng.randrange(len(shape))))
    length = _length(rng, shape, axis)
    match rng.choice(("wwwssttggcrbpme" if len(shape) > 1 else "wwwssttggcr") + more):
        case "w":
            stride = rng.choice((1, 1, 1, 2, 3, -1, -2))
            pad = rng.randint(-5, 9) if stride > 0 else -rng.randint(0, LONGEST)
            return Window(axis, length, rng.choice((1, 2, 3, 5, 40)), stride, rng.choice((1, 1, 2, 7, 16)), pad)
        case "s":
            return Spread(axis, length, rng.randint(1, 6), rng.randint(1, 5), rng.randint(1, 4), rng.randint(-4, 5))
        case "t":
            return _repeating(rng, shape[axis], axis, length)
        case "g":
            return _gathering(rng, shape[axis], axis, length)
        case "c":
            return _growing(rng, axis, length)
        case "r":
            return Reduce((axis,))
        case "b":
            by = rng.choice([other for other in range(len(shape)) if other != axis])
            first = np.array([rng.randint(-2, shape[axis]) for _ in range(shape[by])])
            if rng.random() < 0.5:
                first = np.maximum(np.arange(shape[by]) - rng.randint(0, 9), 0)
            return Band(axis, by, first, first + rng.randint(-1, 12))
        case "p":
            return Permute(tuple(rng.sample(range(len(shape)), len(shape))))
    return _reshaping(rng, shape)


def _repeating(rng: random.Random, n: int, axis: int, length: int) -> Select:
    """By a rule, clamped to the tensor: nearest and linear resizes, padding by edge."""
    period, shift = rng.randint(1, min(length, 6)), rng.randint(-2, 5)
    starts = [rng.randint(-3, 4) for _ in range(period)]
    spans = [rng.randint(0, 2) for _ in range(period)]
    first = np.array([starts[o % period] + o // period * shift for o in range(length)])
    last = first + np.array([spans[o % period] for o in range(length)])
    return Select(axis, np.clip(first, 0, n - 1), np.clip(last, 0, n - 1), 1, period, shift, first, last)


def _gathering(rng: random.Random, n: int, axis: int, length: int) -> Select:
    """Parts of a concat, rolls, mirrors, and what follows nothing."""
    o = np.arange(length)
    begin = rng.randint(0, n)
    first = {
        "part": np.where((o >= begin) & (o < begin + n), o - begin, 0),
        "roll": (o + begin) % n,
        "mirror": np.minimum(o % (2 * n), 2 * n - 1 - o % (2 * n)),
        "random": np.array([rng.randint(-2, n + 1) for _ in range(length)]),
    }[kind := rng.choice(("part", "part", "roll", "mirror", "random"))]
    last = first + (rng.randint(-1, 3) if kind == "random" else 0)
    return Select(axis, first, np.where((o >= begin) & (o < begin + n), last, first - 1) if kind == "part" else last)


def _growing(rng: random.Random, axis: int, length: int) -> Select:
    """Everything up to a position, or from it on."""
    o, step = np.arange(length), rng.choice((1, 1, 2, 3))
    if rng.random() < 0.5:
        return Select(axis, np.full(length, rng.randint(0, 2)), o + rng.randint(-2, 2), step)
    return Select(axis, o * rng.choice((1, step)), np.full(length, rng.randint(0, LONGEST)), step)


def _reshaping(rng: random.Random, shape: Shape) -> Reshape:
    rest, result = math.prod(shape), []
    for _ in range(rng.randint(0, 2)):
        result.append(rng.choice([d for d in range(1, rest + 1) if rest % d == 0]))
        rest //= result[-1]
    return Reshape((*result, rest))


def _fitting(rng: random.Random, shape: Shape, target: Shape) -> tuple[Step, ...]:
    """To the target's lengths, so that paths can join: by windows, or with an axis reduced."""
    skip = len(target) - len(shape)
    chosen: list[Step] = []
    for axis, n in enumerate(shape):
        wanted = target[axis + skip]
        if n == wanted and rng.random() < 0.7:
            continue
        if rng.random() < 0.2:
            chosen.append(Reduce((axis,)))
        else:
            kernel, stride = rng.randint(1, 4), rng.choice((1, 1, 2, 3))
            chosen.append(Window(axis, wanted, kernel, stride, rng.choice((1, 1, 4)), rng.randint(-2, 4)))
    return tuple(chosen)

"""Access programs as sets over all integers: tensors without borders, every rule continued. The oracle of the unbounded field.

Covers the steps whose continuation the contract fixes: windows, spreads, selects, permutations, and reduces and bands over
the positions that are really there. A reshape has no continuation and is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cache

from core.programs import Shape, after
from rfonnx.analysis.lower import Program
from rfonnx.operators.access.primitives import Permute, Reduce, Select, Spread, Step, Window

Position = tuple[int, ...]


def select_reads(step: Select, o: int) -> Iterable[int]:
    n = len(step.first)
    free_first = step.first if step.free_first is None else step.free_first
    free_last = step.last if step.free_last is None else step.free_last
    if 0 <= o < n:
        return range(int(free_first[o]), int(free_last[o]) + 1, step.step)
    if not step.period:
        return ()
    turns, inside = divmod(o, step.period)
    assert inside < n, "the table must hold one period"
    first, last = int(free_first[inside]), int(free_last[inside])
    return range(first + turns * step.shift, last + turns * step.shift + 1, step.step)


def step_reads(step: Step, shape: Shape, p: Position) -> Iterable[Position]:
    match step:
        case Window(axis=axis):
            reads: Iterable[int] = (p[axis] * step.stride - step.pad + t * step.dilation for t in range(step.kernel))
        case Spread(axis=axis):
            hits = (p[axis] + step.pad - t * step.dilation for t in range(step.kernel))
            reads = [hit // step.stride for hit in hits if hit % step.stride == 0]
        case Select(axis=axis):
            reads = select_reads(step, p[axis])
        case Reduce(axes=axes):
            return itertools.product(*(range(n) if i in axes else (p[i],) for i, n in enumerate(shape)))
        case Permute(perm=perm):
            return [tuple(p[perm.index(i)] for i in range(len(perm)))]
        case _:
            raise AssertionError(f"{step} has no continuation")
    return [(*p[:axis], i, *p[axis + 1 :]) for i in reads]


class Borderless:
    """`reads(source, position)`: the set of (input, position) that a position sees, wherever it lies."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.shapes = [*(shape for _, shape in program.inputs), *(tensor.shape for tensor in program.tensors)]
        self.reads = cache(self._reads)

    def _reads(self, source: int, position: Position) -> frozenset[tuple[int, Position]]:
        inputs = len(self.program.inputs)
        if source < inputs:
            return frozenset({(source, position)})
        tensor = self.program.tensors[source - inputs]
        found: set[tuple[int, Position]] = set()
        for start, steps in tensor.paths:
            shapes = [self.shapes[start]]
            for step in steps:
                shapes.append(after(shapes[-1], step))
            skip = len(tensor.shape) - len(shapes[-1])
            arrived = zip(position[skip:], shapes[-1], tensor.shape[skip:], strict=True)
            wanted = {tuple(0 if n == 1 != m else i for i, n, m in arrived)}
            for step, shape in zip(reversed(steps), reversed(shapes[:-1]), strict=True):
                wanted = {q for p in wanted for q in step_reads(step, shape, p)}
            found.update(*(self.reads(start, p) for p in wanted))
        return frozenset(found)

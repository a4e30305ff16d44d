"""The access primitives as plain sets: the oracle that rules and the C++ core are held against. Slow, for tiny shapes only.

Written from the docstrings of `access.primitives` alone. Reads outside a tensor read nothing (the clipped field).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from rfonnx.analysis.lower import Program
from rfonnx.operators.access.primitives import (
    Access,
    Band,
    Permute,
    Reduce,
    Reshape,
    Select,
    Spread,
    Step,
    Window,
    tables,
)

Position = tuple[int, ...]
Shape = tuple[int, ...]
Reads = dict[Position, set[Position]]
StepReads = tuple[Shape, Callable[[Position], Iterable[Position]]]


def positions(shape: Shape) -> Iterable[Position]:
    return itertools.product(*(range(n) for n in shape))


def step_reads(step: Step, shape: Shape) -> StepReads:
    """Shape after a step, and which positions of `shape` (perhaps outside it) each position after the step reads."""

    def along(axis: int, length: int, read: Callable[[Position], Iterable[int]]) -> StepReads:
        out = (*shape[:axis], length, *shape[axis + 1 :])
        return out, lambda p: [(*p[:axis], i, *p[axis + 1 :]) for i in read(p)]

    if isinstance(step, Window):
        w = step
        return along(
            w.axis, w.length, lambda p: [p[w.axis] * w.stride - w.pad + t * w.dilation for t in range(w.kernel)]
        )
    if isinstance(step, Spread):
        s = step
        return along(
            s.axis,
            s.length,
            lambda p: [
                i
                for i in range(shape[s.axis])
                if any(p[s.axis] == i * s.stride - s.pad + t * s.dilation for t in range(s.kernel))
            ],
        )
    if isinstance(step, Select):
        c, found = step, tables(step)
        assert found is not None
        return along(
            c.axis, len(c.first), lambda p: range(int(found.first[p[c.axis]]), int(found.last[p[c.axis]]) + 1, c.step)
        )
    if isinstance(step, Band):
        b = step
        return along(b.axis, 1, lambda p: range(int(b.first[p[b.by]]), int(b.last[p[b.by]]) + 1))
    if isinstance(step, Reduce):
        axes = step.axes
        out = tuple(1 if i in axes else n for i, n in enumerate(shape))
        return out, lambda p: itertools.product(*(range(n) if i in axes else [p[i]] for i, n in enumerate(shape)))
    if isinstance(step, Permute):
        perm = step.perm
        inverse = [perm.index(i) for i in range(len(shape))]
        return tuple(shape[i] for i in perm), lambda p: [tuple(p[i] for i in inverse)]
    assert isinstance(step, Reshape)
    assert math.prod(step.shape) == math.prod(shape)
    return step.shape, lambda p: [
        tuple(map(int, np.unravel_index(int(np.ravel_multi_index(p, step.shape)) if p else 0, shape)))
    ]


def path_reads(shape: Shape, steps: Iterable[Step], out: Shape) -> Reads:
    """Positions of a tensor of `shape` that each position of `out` reads by one path."""
    reads: Reads = {p: {p} for p in positions(shape)}
    current = shape
    for step in steps:
        following, read = step_reads(step, current)
        reads = {p: set().union(*(reads[q] for q in read(p) if q in reads)) for p in positions(following)}
        current = following
    assert len(current) <= len(out), (current, out)
    assert all(a in (1, b) for a, b in zip(current[::-1], out[::-1], strict=False)), (current, out)
    skip = len(out) - len(current)
    return {p: reads[tuple(0 if n == 1 else i for i, n in zip(p[skip:], current, strict=True))] for p in positions(out)}


def access_reads(access: Access, shapes: Mapping[str, Shape], out: Shape) -> dict[str, Reads]:
    """By source: the positions that each position of `out` reads."""
    result: dict[str, Reads] = {}
    for source, steps in access.paths:
        reads = path_reads(shapes[source], steps, out)
        before = result.get(source)
        result[source] = reads if before is None else {p: before[p] | reads[p] for p in reads}
    return result


def program_reads(program: Program) -> dict[str, dict[str, Reads]]:
    """By tensor, then by input: the input positions that each position of the tensor sees. Inputs not read are left out."""
    shapes = [shape for _, shape in program.inputs]
    seen: list[dict[str, Reads]] = [{name: {p: {p} for p in positions(shape)}} for name, shape in program.inputs]
    for tensor in program.tensors:
        total: dict[str, Reads] = {}
        for source, steps in tensor.paths:
            for p, read in path_reads(shapes[source], steps, tensor.shape).items():
                for name, inner in seen[source].items():
                    by_position = total.setdefault(name, {q: set() for q in positions(tensor.shape)})
                    by_position[p] |= set().union(*(inner[q] for q in read))
        shapes.append(tensor.shape)
        seen.append(total)
    return {tensor.name: reads for tensor, reads in zip(program.tensors, seen[len(program.inputs) :], strict=True)}


def mask(reads: Reads | None, out: Shape, shape: Shape) -> np.ndarray:
    """Reads as a bool array of shape `out + shape`."""
    result = np.zeros((*out, *shape), bool)
    for p, read in (reads or {}).items():
        for q in read:
            result[(*p, *q)] = True
    return result

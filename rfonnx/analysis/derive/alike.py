"""Which tensors two access programs of one model, at two sizes, make alike: their tables need not be compared.

Alike: counted from either end, each position reads the same, and what lies between goes by one rule. It is shown step by step, so
that it holds for a tensor whose sources are made alike, too.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rfonnx.analysis.lower import Program
from rfonnx.analysis.repeated import IndexedPath
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Permute, Reduce, Reshape, Select, Spread, Step, Window, tables

Lengths = tuple[int, ...]
Sizes = tuple[Lengths, Lengths]
"""Shapes of one tensor, in the one program and in the other."""


def made_alike(a: Program, b: Program) -> frozenset[str]:
    """Names of tensors that read sources alike that are inputs, or are made alike themselves."""
    sources = [(name, shape) for name, shape in a.inputs] + [(tensor.name, tensor.shape) for tensor in a.tensors]
    others = [(name, shape) for name, shape in b.inputs] + [(tensor.name, tensor.shape) for tensor in b.tensors]
    names = [name for name, _ in sources]
    found: set[str] = set()
    if names != [name for name, _ in others]:
        return frozenset()
    sizes = [(one, other) for (_, one), (_, other) in zip(sources, others, strict=True)]
    for one, other in zip(a.tensors, b.tensors, strict=True):
        before = [names[source] for source, _ in one.paths if source >= len(a.inputs)]
        out = one.shape, other.shape
        if (
            found.issuperset(before)
            and len(one.paths) == len(other.paths)
            and all(_path(mine, theirs, sizes, out) for mine, theirs in zip(one.paths, other.paths, strict=True))
        ):
            found.add(one.name)
    return frozenset(found)


def _path(one: IndexedPath, other: IndexedPath, sizes: list[Sizes], out: Sizes) -> bool:
    (source, steps), (source_b, steps_b) = one, other
    if source != source_b or [type(step) for step in steps] != [type(step) for step in steps_b]:
        return False
    a, b = sizes[source]
    for step, step_b in zip(steps, steps_b, strict=True):
        if not _step(step, step_b, a, b):
            return False
        after, after_b = path_shape(a, (step,)), path_shape(b, (step_b,))
        if after is None or after_b is None:
            return False
        a, b = after, after_b
    return len(a) == len(b) and _stretched(a, out[0]) == _stretched(b, out[1])


def _stretched(shape: Lengths, out: Lengths) -> list[bool]:
    """By axis of a shape: whether it is broadcast."""
    return [n != m for n, m in zip(reversed(shape), reversed(out), strict=False)]


def _step(one: Step, other: Step, a: Lengths, b: Lengths) -> bool:
    """Whether a step does alike, from shape `a` in the one program, from `b` in the other."""
    if isinstance(one, Window | Spread) and isinstance(other, Window | Spread):
        longer, further = other.length - one.length, b[one.axis] - a[one.axis]
        ends = longer * one.stride == further if isinstance(one, Window) else longer == further * one.stride
        return ends and one == other._replace(length=one.length)
    if isinstance(one, Select) and isinstance(other, Select):
        return one.axis == other.axis and _select(one, other, b[one.axis] - a[one.axis])
    if isinstance(one, Reshape) and isinstance(other, Reshape):
        return _reshape((a, b), (one.shape, other.shape))
    if isinstance(one, Reduce):
        return one == other and all(a[axis] == b[axis] for axis in one.axes)
    return isinstance(one, Permute) and one == other


def _select(one: Select, other: Select, further: int) -> bool:
    """Tables that are the same, or that are the same from either end and go by the same rule between."""
    a, b = tables(one), tables(other)
    if a is None or b is None or (one.step, one.period, one.shift) != (other.step, other.period, other.shift):
        return False
    ends = [(a.first, b.first), (a.last, b.last)]
    rules = [(a.free_first, b.free_first), (a.free_last, b.free_last)]
    shorter, longer = sorted((len(a.first), len(b.first)))
    if shorter == longer:
        return not further and all(np.array_equal(x, y) for x, y in ends + rules)
    head, tail = shorter // 2, shorter - shorter // 2
    moved = (len(b.first) - len(a.first)) * one.shift == further * one.period
    if not one.period or head < one.period or not moved:
        return False
    for x, y in ends:
        if not np.array_equal(x[:head], y[:head]) or not np.array_equal(x[-tail:] + further, y[-tail:]):
            return False
    between = slice(head, longer - tail)
    long = b if len(b.first) == longer else a
    rule = ((long.first, long.free_first), (long.last, long.free_last))
    regular = all(np.array_equal(x[between], y[between]) for x, y in rule)
    return regular and all(np.array_equal(x[:shorter], y[:shorter]) for x, y in rules)


def _reshape(before: Sizes, after: Sizes) -> bool:
    """Rows of the same lengths: where axes are laid out anew together, all but the outermost of them are as long as there."""
    if len(before[0]) != len(before[1]) or len(after[0]) != len(after[1]):
        return False
    before, after = _wide(before), _wide(after)
    places = sorted(_borders(before[0], after[0]) & _borders(before[1], after[1]))
    return all(
        before[0][i + 1 : i_end] == before[1][i + 1 : i_end] and after[0][j + 1 : j_end] == after[1][j + 1 : j_end]
        for (i, j), (i_end, j_end) in pairwise(places)
    )


def _wide(sizes: Sizes) -> Sizes:
    """Without the axes that are of length 1 in both."""
    kept = [pair for pair in zip(*sizes, strict=True) if pair != (1, 1)]
    return tuple(n for n, _ in kept), tuple(m for _, m in kept)


def _borders(shape: Lengths, after: Lengths) -> set[tuple[int, int]]:
    """How many axes before and after a reshape hold the same elements, from the first on."""
    found, i, j, here, there = {(0, 0)}, 0, 0, 1, 1
    while i < len(shape) or j < len(after):
        if j == len(after) or (i < len(shape) and here <= there):
            here, i = here * shape[i], i + 1
        else:
            there, j = there * after[j], j + 1
        if here == there:
            found.add((i, j))
    return found

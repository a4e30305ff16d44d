"""Adjoints of picking positions along an axis: what was read from a position is added back to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.gradients.rules.adjoint import repeat
from rfonnx.gradients.values import Value

MAX_RUNS = 6
"""More runs than this are placed by one matrix product or scatter instead of run by run."""
MAX_MATRIX = 2**20
"""Elements of the largest 0/1 matrix that a constant list of positions becomes."""


@dataclass(frozen=True, slots=True)
class Run:
    """Positions `start, start + step, ...` that an index list takes from `at` on, `count` of them."""

    at: int
    start: int
    step: int
    count: int


def runs(positions: Sequence[int]) -> list[Run]:
    """The list as arithmetic runs.

    >>> runs([2, 1, 0, 1, 2, 3])
    [Run(at=0, start=2, step=-1, count=3), Run(at=3, start=1, step=1, count=3)]
    """
    made: list[Run] = []
    at = 0
    while at < len(positions):
        end = at + 1
        step = 1
        if end < len(positions):
            step = positions[end] - positions[at]
            while end < len(positions) and positions[end] - positions[end - 1] == step:
                end += 1
        made.append(Run(at, positions[at], step, end - at))
        at = end
    return made


def placed_runs(g: Value, rank: int, axis: int, positions: Sequence[int], length: int) -> Value:
    """The adjoint of picking constant positions along an axis.

    Args:
        g: gradient of what was picked, `len(positions)` long along the axis.
        rank: of the tensors.
        axis: where positions are picked.
        positions: each within `0 .. length-1`.
        length: of the axis that was picked from.
    """
    parts = runs(positions)
    if len(parts) > MAX_RUNS:
        return _placed_densely(g, rank, axis, positions, length)
    total: Value | None = None
    for run in parts:
        piece = g if len(parts) == 1 else g.slice(axis, run.at, run.at + run.count)
        placed = _placed(piece, rank, axis, run, length)
        total = placed if total is None else total + placed
    assert total is not None
    return total


def _placed(piece: Value, rank: int, axis: int, run: Run, length: int) -> Value:
    if run.step == 0 and run.count > 1:
        return _padded(piece.sum([axis]), rank, axis, run.start, 1, length)
    return place(piece, rank, axis, run.start, run.step if run.count > 1 else 1, run.count, length)


def place(piece: Value, rank: int, axis: int, start: int, step: int, count: int, length: int) -> Value:
    """`piece` written to positions `start, start + step, ...` of an axis of zeros: the adjoint of a slice."""
    if step < 0:
        piece = piece.reversed([axis])
        start, step = start + (count - 1) * step, -step
    if step > 1 and count > 1:
        # zeros in between: every value repeated, then masked; Pad on an inner axis takes many times as long
        mask = (np.arange(count * step) % step == 0).astype(piece.dtype)
        scales = [step if a == axis else 1 for a in range(rank)]
        piece = repeat(piece, scales) * piece.emit.constant(mask.reshape([-1 if a == axis else 1 for a in range(rank)]))
        count *= step
    return _padded(piece, rank, axis, start, count, length)


def _padded(piece: Value, rank: int, axis: int, start: int, count: int, length: int) -> Value:
    pads = [0] * (2 * rank)
    pads[axis], pads[rank + axis] = start, length - start - count
    return piece.pad(pads)


def _placed_densely(g: Value, rank: int, axis: int, positions: Sequence[int], length: int) -> Value:
    count = len(positions)
    if count * length > MAX_MATRIX:
        return scatter_along(g, rank, axis, g.emit.ints(positions), length)
    matrix = np.zeros((length, count), g.dtype)
    np.add.at(matrix, (np.array(positions), np.arange(count)), 1)
    return apply_matrix(g, rank, axis, g.emit.constant(matrix))


def apply_matrix(g: Value, rank: int, axis: int, matrix: Value) -> Value:
    """A matrix (to, from) applied along an axis of any position."""
    if axis == rank - 2:
        return matrix @ g
    if axis == rank - 1:
        return g @ matrix.transpose([1, 0])
    order = [*(a for a in range(rank) if a != axis), axis]
    back = [order.index(a) for a in range(rank)]
    return (g.transpose(order) @ matrix.transpose([1, 0])).transpose(back)


def scatter_along(g: Value, rank: int, axis: int, positions: Value, length: int) -> Value:
    """The adjoint of picking computed positions, a list, along an axis: one ScatterElements."""
    emit = g.emit
    shape = emit.shape_of(g)
    full = emit("Expand", positions.reshape([-1 if a == axis else 1 for a in range(rank)]), shape)
    return add_elements(g, axis, full, rank, length)


def add_elements(g: Value, axis: int, indices: Value, rank: int, length: int) -> Value:
    """`g` added to zeros, `length` of them along an axis, at indices of g's shape."""
    emit = g.emit
    shape = emit.shape_of(g)
    parts = [shape.slice(0, 0, axis)] if axis else []
    parts.append(emit.ints([length]))
    if axis < rank - 1:
        parts.append(shape.slice(0, axis + 1, rank))
    zeros = emit("Expand", emit.scalar(0.0, g.dtype), emit.concat(parts, 0))
    return emit("ScatterElements", zeros, indices, g, axis=axis, reduction="add")

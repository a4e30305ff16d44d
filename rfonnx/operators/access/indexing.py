"""Steps and paths that several rules share: picking positions by a known index, and inputs that only steer."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from rfonnx.operators.access.op import Op, Unproven
from rfonnx.operators.access.primitives import Path, Permute, Reshape, Select, Step, Window, entire

MAX_TABLE = 2**24
"""Longest table of positions that a rule makes; a longer one is widened and flagged."""

MAX_FLAT = 2**16
"""Most elements of a tensor that a rule addresses one by one, when its axes do not separate."""


def positions(length: int) -> np.ndarray:
    """0 .. length-1.

    Raises:
        Unproven: a table of so many positions would be too large.
    """
    if length > MAX_TABLE:
        raise Unproven(f"an axis of length {length} is too long for a table of its positions")
    return np.arange(length, dtype=np.int64)


def crop(axis: int, start: int, length: int) -> Window:
    """Output o reads `start + o`. Exact."""
    return Window(axis, length, 1, 1, 1, -start)


def pick(axis: int, index: np.ndarray) -> Step:
    """Output o reads `index[o]`; -1 reads nothing. Exact. An index that is a slice in disguise goes on beyond its ends.

    >>> pick(2, np.array([4, 6, 8]))
    Window(axis=2, length=3, kernel=1, stride=2, dilation=1, pad=-4)
    """
    index = np.ascontiguousarray(index, np.int64).reshape(-1)
    if len(index) and index.min() >= 0:
        period, shift = repetition(index)
        if period == 1 and shift and len(index) > 1:
            return Window(axis, len(index), 1, shift, 1, -int(index[0]))
        if len(index) == 1:
            return crop(axis, int(index[0]), 1)
        return Select(axis, index, index, 1, period, shift)
    return Select(axis, np.maximum(index, 0), index)


def repetition(index: np.ndarray) -> tuple[int, int]:
    """The least (period, shift) with `index[o + period] == index[o] + shift` that is seen twice or more; (0, 0) when none is.

    >>> repetition(np.array([0, 0, 1, 1, 2, 2])), repetition(np.array([5, 1, 2]))
    ((2, 1), (0, 0))
    """
    steps = np.diff(index)
    if not len(steps):
        return 0, 0
    for period in np.flatnonzero(steps == steps[0])[1:33].tolist():
        if 2 * period > len(index):
            break
        if (steps[period:] == steps[:-period]).all():
            return period, int(index[period] - index[0])
    return 0, 0


def pick_flat(shape: tuple[int, ...], index: np.ndarray, out: tuple[int, ...]) -> tuple[Step, ...]:
    """Output positions of shape `out` read the flat positions `index` of a tensor of `shape`; -1 reads nothing. Exact."""
    return Reshape((math.prod(shape),)), pick(0, index), Reshape(out)


def pick_rows(shape: tuple[int, ...], batch: int, axis: int, rows: np.ndarray) -> tuple[Step, ...]:
    """Output position o of sample b reads `rows[b, o]` along the axis; -1 reads nothing. Exact.

    Both axes are merged into one, picked from, and split again.
    """
    rest = [i for i in range(len(shape)) if i not in (batch, axis)]
    order = (batch, axis, *rest)
    others = tuple(shape[i] for i in rest)
    start = np.arange(shape[batch], dtype=np.int64)[:, None] * shape[axis]
    index = np.where(rows < 0, -1, rows + start)
    back = tuple(order.index(i) for i in range(len(shape)))
    merged = Reshape((shape[batch] * shape[axis], *others))
    return Permute(order), merged, pick(0, index), Reshape((*rows.shape, *others)), Permute(back)


def control_paths(op: Op, indices: Iterable[int]) -> tuple[Path, ...]:
    """Inputs that steer what is read and depend on a model input: every output may read all of them."""
    return tuple(whole(op, i) for i in indices if op.reads(i))


def whole(op: Op, index: int) -> Path:
    """Every output position reads every position of input `index`."""
    return entire(op.name(index), len(op.shape(index)))

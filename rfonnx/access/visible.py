"""What known masks leave of a reduced axis: the keys that a softmax, or a product with attention weights, really reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfonnx.access.primitives import Band, Select, Step
from rfonnx.access.registry import Op
from rfonnx.access.zeros import HIDDEN, LARGEST, SAME, Mask, before_rounding, fact, full

MASK_NOTE = "a mask with holes, or one that differs by batch or head, is taken as wide as it reaches"

SOFT = -50.0
"""A constant this low, but not `HIDDEN`, was meant as a mask: worth a note."""


class Range(NamedTuple):
    """What a reduce along `axis` really reads, by position of axis `by`: `first..last`; `last < first` where nothing is read.

    by: None when every position of the other axes reads the same range (`first`, `last` of length 1).
    exact: False when positions between first and last are hidden too, or other axes would narrow it further.
    """

    axis: int
    by: int | None
    first: np.ndarray
    last: np.ndarray
    exact: bool


def row_of(op: Op, name: str) -> tuple[str, tuple[int, ...]] | None:
    """The temporary, and its shape, that holds what each row of masked attention weights reads; None for other tensors.

    Follows the weights through dropout, casts and the removal of NaN, which do not move them.
    """
    while name not in op.rows:
        node = op.producers.get(name)
        if node is None or node.domain or name in op.graph.constants:
            return None
        if node.op_type == "Where":
            source = node.inputs[-1]
        elif node.op_type == "DequantizeLinear":
            source = before_rounding(op, node)
        else:
            source = node.inputs[0] if node.op_type in SAME and node.op_type != "Transpose" else ""
        others_constant = node.op_type != "Where" or node.inputs[1] in op.graph.constants
        if not source or not others_constant or op.graph.shapes.get(source) != op.graph.shapes.get(name):
            return None
        name = source
    return op.rows[name]


def soft_mask(op: Op, name: str) -> float | None:
    """The lowest constant that is added to this tensor as a mask that hides nothing, or None."""
    node = op.producers.get(name)
    if node is None or node.domain or node.op_type not in ("Add", "Where"):
        return None
    for source in node.inputs:
        value = op.graph.value(source)
        if value is not None and value.dtype.kind == "f" and 0 < value.size <= LARGEST:
            low = value[np.isfinite(value) & (value > HIDDEN)]
            if low.size and float(low.min()) <= SOFT and float(low.min()) != float(np.finfo(value.dtype).min):
                return float(low.min())
    return None


def seen_by_softmax(op: Op, name: str, axis: int) -> Range | None:
    """What a softmax along `axis` of the tensor really reads, or None when that is everything."""
    hidden = fact(op, name, "hidden")
    if hidden is None:
        return None
    hidden = full(op, name, hidden, axis)
    # a row that is hidden altogether is NaN, or all its scores weigh the same: it sees everything
    lost = hidden.all(axis=axis, keepdims=True)
    found = visible_range(hidden & ~lost, axis)
    if not lost.any():
        return found
    whole = Range(axis, None, np.zeros(1, np.int64), np.full(1, hidden.shape[axis] - 1), True)
    return (found or whole)._replace(exact=False)


def seen_in_product(op: Op, name: str, axis: int, by: int) -> Range | None:
    """Where the tensor is not certainly zero along `axis`, by `by`, or None when that is everywhere.

    A constant operand is a weight: its zeros count when values do.
    """
    if name in op.graph.constants and op.weights != "values":
        return None
    zero = fact(op, name, "zero")
    return None if zero is None else visible_range(full(op, name, zero, axis), axis, by)


def visible_range(mask: Mask, axis: int, by: int | None = None) -> Range | None:
    """The range along `axis` that a mask leaves; None when it hides nothing.

    Args:
        mask: where nothing is read, with all of the tensor's axes; length 1 along axes that do not matter.
        axis: the axis that is reduced; its whole length is present.
        by: the axis that the range may depend on; by default the one that narrows it most.
    """
    if not mask.any():
        return None
    candidates = [by] if by is not None else [i for i in range(mask.ndim) if i != axis]
    ranges = [_range_by(mask, axis, i) for i in candidates if mask.shape[i] > 1]
    return min(ranges, key=_mean_length) if ranges else _range_by(mask, axis, None)


def _range_by(mask: Mask, axis: int, by: int | None) -> Range:
    others = tuple(i for i in range(mask.ndim) if i not in (axis, by))
    hidden = mask.all(axis=others, keepdims=True)
    seen = ~hidden.reshape([n for i, n in enumerate(hidden.shape) if i in (axis, by)])
    if by is None:
        seen = seen[None]
    elif by > axis:
        seen = seen.T
    length, some = seen.shape[1], seen.any(axis=1)
    first = np.where(some, seen.argmax(axis=1), 0).astype(np.int64)
    last = np.where(some, length - 1 - seen[:, ::-1].argmax(axis=1), -1).astype(np.int64)
    exact = bool((mask == hidden).all() and (seen.sum(axis=1) == last - first + 1).all())
    return Range(axis, by, first, last, exact)


def _mean_length(visible: Range) -> float:
    return float((visible.last - visible.first + 1).mean())


def range_steps(visible: Range) -> tuple[Step, ...]:
    """Reduce the axis to length 1, reading the range only."""
    if visible.by is None:
        return (Select(visible.axis, visible.first, visible.last),)
    return (Band(visible.axis, visible.by, visible.first, visible.last),)

"""What known masks leave of a reduced axis: the keys that a softmax, or a product with attention weights, really reads."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.bounds import HIDDEN
from rfonnx.operators.access.masks import LARGEST, Mask, full, row_ranges
from rfonnx.operators.access.op import Op
from rfonnx.operators.access.primitives import Band, Permute, Reshape, Select, Step
from rfonnx.operators.access.zeros import before_rounding, fact
from rfonnx.operators.table import operator
from rfonnx.system.named import NamedTuple

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


class Row(NamedTuple):
    """What each row of masked attention weights reads: a temporary, and steps to the weights' shape with 1 for the keys."""

    source: str
    steps: tuple[Step, ...]
    shape: tuple[int, ...]


def row_of(op: Op, name: str) -> Row | None:
    """The row of masked attention weights, also behind dropout, casts, reshapes and the removal of NaN; None of other tensors."""
    followed: list[tuple[Node, str]] = []
    while name not in op.known.rows:
        node = op.known.producers.get(name)
        if node is None or node.domain or node.outputs[0] != name or name in op.graph.constants:
            return None
        if node.op_type == "Where" and node.inputs[1] in op.graph.constants:
            source = node.inputs[2]
        elif node.op_type == "DequantizeLinear":
            source = before_rounding(op, node)
        else:
            source = node.inputs[0] if operator(node.op_type).moves_values else ""
        if not source:
            return None
        followed.append((node, source))
        name = source
    row: Row | None = Row(op.known.rows[name][0], (), op.known.rows[name][1])
    for node, source in reversed(followed):
        row = _row_through(op, node, source, row) if row else None
    return row


def _row_through(op: Op, node: Node, source: str, row: Row) -> Row | None:
    """The row behind a node; None where rows do not stay what they are."""
    before, shape = op.graph.shapes.get(source), op.graph.shapes.get(node.outputs[0])
    if not is_static(before) or not is_static(shape):
        return None
    if node.op_type == "Transpose":
        perm = tuple(node.attrs.get("perm") or range(len(shape) - 1, -1, -1))
        return Row(row.source, (*row.steps, Permute(perm)), tuple(row.shape[i] for i in perm))
    if before == shape:
        return row
    keys = [i for i, (n, m) in enumerate(zip(before, row.shape, strict=True)) if n != m]
    behind = before[keys[0] + 1 :] if len(keys) == 1 else (0,)
    if math.prod(behind) == 1 and math.prod(shape[:-1]) == math.prod(row.shape):  # keys are the last axis, and stay it
        return Row(row.source, (*row.steps, Reshape((*shape[:-1], 1))), (*shape[:-1], 1))
    return None


def soft_mask(op: Op, name: str) -> float | None:
    """The lowest constant that is added to this tensor as a mask that hides nothing, or None."""
    node = op.known.producers.get(name)
    if node is None or node.domain or node.op_type not in ("Add", "Where"):
        return None
    for source in node.inputs:
        if source in op.graph.constants and (source, "soft") not in op.known.facts:
            op.known.facts[source, "soft"] = _soft(op.graph.value(source))
        low = op.known.facts.get((source, "soft"))
        if low is not None:
            return float(low)
    return None


def _soft(value: np.ndarray | None) -> np.ndarray | None:
    if value is None or value.dtype.kind != "f" or not 0 < value.size <= LARGEST:
        return None
    lowest = np.finfo(value.dtype).min
    value = value.astype(np.float64)  # HIDDEN is beyond float16
    above = value[np.isfinite(value) & (value > HIDDEN) & (value != lowest)]
    return above.min() if above.size and above.min() <= SOFT else None


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
    if name in op.graph.constants and op.known.weights != "values":
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
    return min(ranges, key=lambda one: (one.last - one.first + 1).mean()) if ranges else _range_by(mask, axis, None)


def _range_by(mask: Mask, axis: int, by: int | None) -> Range:
    others = tuple(i for i in range(mask.ndim) if i not in (axis, by))
    hidden = mask.all(axis=others, keepdims=True)
    seen = ~hidden.reshape([n for i, n in enumerate(hidden.shape) if i in (axis, by)])
    if by is None:
        seen = seen[None]
    elif by > axis:
        seen = seen.T
    first, last, whole = row_ranges(seen)
    return Range(axis, by, first, last, whole and bool((mask == hidden).all()))


def range_steps(visible: Range) -> tuple[Step, ...]:
    """Reduce the axis to length 1, reading the range only."""
    if visible.by is None:
        return (Select(visible.axis, visible.first, visible.last),)
    return (Band(visible.axis, visible.by, visible.first, visible.last),)

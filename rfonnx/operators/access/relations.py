"""A coarse way to say what a tensor reads: which of its axes walk in step with which axes of a source. For loops of many rounds.

A relation `kept` of a tensor to a source has one entry per axis of the tensor: the axis of the source that must have the same
position, or None. Where no axis is kept, any position may be read. Following a step never reads more than the relation says:
a superset, never exact. Relations only lose axes when they are joined, so that iterating them comes to an end.

Example: y = Softmax(x, axis=1) of shape (2, 3) keeps axis 0 of x: (0, None).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import (
    Access,
    Band,
    Path,
    Permute,
    Reduce,
    Reshape,
    Select,
    Spread,
    Step,
    Window,
    tables,
)
from rfonnx.system.named import NamedTuple

Kept = tuple[int | None, ...]
Shape = tuple[int, ...]


class Relation(NamedTuple):
    """What a tensor reads of one source.

    Attributes:
        kept: per axis of the tensor: the axis of the source that walks with it, or None.
        round: in a loop: the axis of the source that walks with the rounds; `~axis` when earlier positions are read too; None
            when any.
    """

    kept: Kept
    round: int | None = None


Relations = dict[str, Relation]
"""By source; a source that is missing is not read."""


def join(a: Mapping[str, Relation], b: Mapping[str, Relation]) -> Relations:
    """What holds for both."""
    joined = dict(a)
    for source, other in b.items():
        one = joined.get(source, other)
        kept = tuple(m if m == n else None for m, n in zip(one.kept, other.kept, strict=True))
        joined[source] = Relation(kept, _joined_rounds(one.round, other.round))
    return joined


def _joined_rounds(a: int | None, b: int | None) -> int | None:
    if a == b or a is None or b is None:
        return a if a == b else None
    return min(a, b) if a == ~b else None


def earlier(relations: Mapping[str, Relation]) -> Relations:
    """The same, one round later."""
    return {s: r._replace(round=None if r.round is None else min(r.round, ~r.round)) for s, r in relations.items()}


def anywhere(relations: Mapping[str, Relation], rank: int) -> Relations:
    """The same sources, read anywhere."""
    return dict.fromkeys(relations, Relation((None,) * rank))


def of_access(access: Access, sources: Mapping[str, tuple[Shape, Relations]], out: Shape) -> Relations:
    """Relations of a tensor of shape `out` from those of what it reads, given by name with the shape."""
    total: Relations = {}
    for name, steps in access.paths:
        if name in sources:
            shape, relations = sources[name]
            total = join(total, {s: Relation(after(r.kept, shape, steps, out), r.round) for s, r in relations.items()})
    return total


def after(kept: Kept, shape: Shape, steps: Iterable[Step], out: Shape) -> Kept:
    """A relation after steps and broadcasting."""
    for step in steps:
        following = path_shape(shape, (step,))
        if following is None:
            return (None,) * len(out)
        kept = _after_step(kept, shape, following, step)
        shape = following
    padded: Kept = (None,) * (len(out) - len(shape)) + kept
    lengths = (1,) * (len(out) - len(shape)) + shape
    return tuple(k if n == m else None for k, n, m in zip(padded, lengths, out, strict=True))


def _after_step(kept: Kept, shape: Shape, following: Shape, step: Step) -> Kept:
    if isinstance(step, Permute):
        return tuple(kept[axis] for axis in step.perm)
    if isinstance(step, Reshape):
        return _regrouped(kept, shape, following)
    if isinstance(step, Reduce):
        return tuple(None if axis in step.axes else k for axis, k in enumerate(kept))
    if _stays(step, shape):
        return kept
    return tuple(None if axis == step.axis else k for axis, k in enumerate(kept))


def _stays(step: Window | Spread | Select | Band, shape: Shape) -> bool:
    """True when a step reads each position of its axis at itself."""
    if isinstance(step, Select):
        read = tables(step)
        if read is None or len(read.first) != shape[step.axis]:
            return False
        here = np.arange(len(read.first))
        return np.array_equal(read.first, here) and np.array_equal(read.last, here)
    if isinstance(step, Band):
        return False
    return (step.kernel, step.stride, step.pad, step.length) == (1, 1, 0, shape[step.axis])


def _regrouped(kept: Kept, shape: Shape, following: Shape) -> Kept:
    """Axes that a reshape leaves alone: as many elements before them and behind them, and as long."""
    starts = _prefix(shape)
    return tuple(
        next((kept[axis] for axis in starts.get((count, n), ())), None) if n != 1 else None
        for (count, n) in _pairs(following)
    )


def _pairs(shape: Shape) -> list[tuple[int, int]]:
    """Per axis: the number of elements of the axes before it, and its length."""
    count, pairs = 1, []
    for n in shape:
        pairs.append((count, n))
        count *= n
    return pairs


def _prefix(shape: Shape) -> dict[tuple[int, int], list[int]]:
    found: dict[tuple[int, int], list[int]] = {}
    for axis, pair in enumerate(_pairs(shape)):
        found.setdefault(pair, []).append(axis)
    return found


def to_path(source: str, shape: Shape, kept: Kept, out: Shape, along: Mapping[int, Select] | None = None) -> Path:
    """A path that reads no less than the relation says.

    Args:
        source, shape: the tensor read.
        kept: per axis of `out`.
        out: shape of the tensor that reads.
        along: by axis of the source: a step that makes it as long as the axis of `out` that keeps it.
    """
    steps: list[Step] = list((along or {}).values())
    lengths = path_shape(shape, tuple(steps)) or shape
    matched = {k: axis for axis, k in enumerate(kept) if k is not None and lengths[k] == out[axis]}
    steps.append(Reduce(tuple(axis for axis in range(len(shape)) if axis not in matched)))
    order = sorted(range(len(shape)), key=lambda axis: matched.get(axis, -1))
    steps.append(Permute(tuple(order)))
    axes = set(matched.values())
    steps.append(Reshape(tuple(n if axis in axes else 1 for axis, n in enumerate(out))))
    return Path(source, tuple(steps))

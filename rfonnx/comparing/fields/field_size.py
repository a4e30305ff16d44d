"""How large the student's theoretical field is beside the teacher's: borders aside, and inside the input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.results.array_types import Floats, Int64
from rfonnx.results.fields import AxisField


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tensor sees along one axis of an input.

    Attributes:
        field: of the tensor, along that axis.
        length: of the axis.
        inside: positions of the input that are seen, borders cut off, as shares of the length: by position along the tensor's
            walking axis (the least of those that differ otherwise); where none walks, the least and the most of all.
    """

    field: AxisField
    length: int
    inside: Floats


def seen(analysis: Analysis, tensor: str, input: str, axis: int, length: int) -> Seen:
    """Look at a tensor's field along one axis of an input of this length."""
    low, high = analysis.intervals(tensor, input, axis)
    counts = np.clip(high - low + 1, 0, None) / max(length, 1)
    field = analysis.tensors[tensor].fields[input, axis]
    walking = field.tensor_axis
    if walking is None:
        inside = np.array([counts.min(initial=1.0), counts.max(initial=0.0)])
    else:
        inside = counts.min(axis=tuple(a for a in range(counts.ndim) if a != walking), initial=1.0)
    return Seen(field, length, inside)


def size_ratio(teacher: Seen, student: Seen) -> float:
    """The student's field over the teacher's, each as a share of its own input.

    Inside the input: the least over the positions, each against the teacher's position at the same share of the axis. Borders
    aside: the lesser of the ratios of the largest and of the smallest sizes, where both fields slide; a field that is
    shifted sees less at one border, but is no smaller. The greater of the two counts: sizes beyond the input's ends mean nothing.
    """
    inside = _least(teacher.inside, student.inside)
    a, b = teacher.field, student.field
    if "global" in (a.kind, b.kind) or a.size <= 0 or a.size_min <= 0:
        return inside
    lengths = student.length / max(teacher.length, 1)
    return max(inside, min(b.size / a.size, b.size_min / a.size_min) / lengths)


def _least(teacher: Floats, student: Floats) -> float:
    """The least ratio over positions; positions of the longer axis each against the one at the same share of the other."""
    count = max(len(teacher), len(student))
    mine, theirs = (shares[same_share(np.arange(count), count, len(shares))] for shares in (teacher, student))
    sees = mine > 0
    return float((theirs[sees] / mine[sees]).min()) if sees.any() else 1.0


def same_share(index: Int64, length: int, other: int) -> Int64:
    """The positions of an axis of another length at the same share of it.

    >>> same_share(np.arange(6), 6, 2)
    array([0, 0, 0, 1, 1, 1])
    """
    return ((2 * index + 1) * other // (2 * length)).astype(np.int64)

"""Zeros in constant kernels: which taps and channels an output channel really reads (`weights="values"`).

A kernel is looked at as (outputs, inputs of a group, *taps). Taps whose zeros lie alike over outputs and inputs form one
class, and each class is cut into boxes of neighbouring taps: a masked 7x7 kernel of PixelCNN is two boxes, not 24 taps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from rfonnx.operators.access.masks import Mask, row_ranges
from rfonnx.operators.access.op import Op, each_once
from rfonnx.operators.access.primitives import Select, Step
from rfonnx.operators.access.shared import grouped
from rfonnx.system.named import NamedTuple

Box = tuple[tuple[int, int], ...]
"""Closed range of taps per spatial axis."""

MAX_BOXES = 64
"""Most paths that one kernel is split into; one that needs more is taken by the taps that any output uses."""

UNREAD = "its weights cannot be read: none is taken as zero"
BLOCKED = "its weights are stored in blocks, and are not read: none is taken as zero"
ZERO_ENDS = "constant weights at the ends of a kernel are zero and counted as read: --weights values leaves them out"
SCATTERED = "zeros scattered over channels: what lies between is taken as read"
MANY = f"zeros in more than {MAX_BOXES} places: an output is taken to read every tap that any of them reads"

LOOKED_AT = 2**20
"""Elements of a weight whose ends are looked at: windows of transforms, not the matrices of a large model."""


class Part(NamedTuple):
    """One path through a kernel: steps along the channel axis, and the taps that are read with them."""

    channels: tuple[Step, ...]
    taps: Box


class Kernel(NamedTuple):
    """What a kernel with zeros reads. exact, note: as in `rfonnx.operators.access.primitives.Access`."""

    parts: tuple[Part, ...]
    exact: bool = True
    note: str = ""


def nonzero(op: Op, weight: int, zero_point: int | None = None) -> Mask | None:
    """Where the weight differs from zero; None when nobody asked, it is no constant, or its data cannot be had.

    Nor are weights read that onnxruntime has stored in blocks of channels, under the shape that they had before.

    Args:
        op: the operator.
        weight: index of the weight among its inputs.
        zero_point: index of the weight's zero point: a scalar, or one value per output (first axis of the weight).
    """
    if op.known.weights != "values" or op.reads(weight) or _is_blocked(op):
        return None
    value = op.value(weight)
    if value is None or zero_point is None or not op.name(zero_point):
        return None if value is None else np.asarray(value != 0)
    zero = op.value(zero_point)
    if zero is None or zero.ndim > 1:
        return None
    return np.asarray(value != zero.reshape(-1, *(1,) * (value.ndim - 1)))


def unread(op: Op, weight: int) -> str:
    """A note when the user asked for a constant weight's values and they cannot be had, else ""."""
    if op.known.weights != "values" or not op.name(weight) or op.reads(weight):
        return ""
    if _is_blocked(op):
        return BLOCKED
    return UNREAD if op.value(weight) is None else ""


def zero_ends(op: Op, weight: int, sums: tuple[int, ...], taps: tuple[int, ...]) -> str:
    """A note when some output's constant weights are zero at an end, as windowed transforms and filter banks have them, else "".

    Args:
        op: the operator.
        weight: index of the weight among its inputs.
        sums: axes of the weight that are summed over at every tap.
        taps: axes along which an output reads a range.
    """
    taps = tuple(axis for axis in taps if op.shape(weight)[axis] > 1)
    value = _small(op, weight) if taps and op.known.weights != "values" else None
    if value is None or np.count_nonzero(value) == value.size:  # as most trained weights are
        return ""
    for axis in taps:
        others = tuple(i for i in (*sums, *taps) if i != axis)
        ends = (value[(slice(None),) * axis + (end,)] for end in (slice(0, 1), slice(-1, None)))
        if any((end == 0).all(axis=others).any() for end in ends):
            return ZERO_ENDS
    return ""


def _small(op: Op, weight: int) -> np.ndarray | None:
    """A constant weight that holds numbers, and few enough to be looked at."""
    if op.reads(weight) or _is_blocked(op) or math.prod(op.shape(weight)) > LOOKED_AT:
        return None
    value = op.value(weight)
    return None if value is None or value.dtype.kind not in "iuf" else each_once(value)


def _is_blocked(op: Op) -> bool:
    return op.node.domain == "com.microsoft.nchwc"


def kernel(used: Mask, groups: int) -> Kernel:
    """The paths through a kernel.

    Args:
        used: where it is not zero: (outputs, inputs per group, *taps).
        groups: of channels.
    """
    outputs, inputs = used.shape[:2]
    taps = used.shape[2:]
    if used.all():
        return Kernel((Part(grouped(1, inputs * groups, outputs, groups), _whole(taps)),))
    by_tap = used.reshape(outputs, inputs, -1)
    parts: list[Part] = []
    exact = True
    patterns, members = np.unique(by_tap.reshape(outputs * inputs, -1).T, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            channels, contiguous = _channels(pattern.reshape(outputs, inputs), groups)
            exact = exact and contiguous
            parts += [Part(channels, box) for box in boxes((members.reshape(-1) == number).reshape(taps))]
        if len(parts) > MAX_BOXES:
            channels, _ = _channels(np.asarray(by_tap.any(axis=2)), groups)
            found = list(itertools.islice(boxes(by_tap.any(axis=(0, 1)).reshape(taps)), MAX_BOXES + 1))
            if len(found) > MAX_BOXES:
                found = [_whole(taps)]
            return Kernel(tuple(Part(channels, box) for box in found), False, MANY)
    return Kernel(tuple(parts), exact, "" if exact else SCATTERED)


def boxes(taps: Mask) -> Iterator[Box]:
    """Cut a mask of taps into boxes: along the first axis, runs of equal slices.

    >>> list(boxes(np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0]], bool)))
    [((0, 0), (0, 2)), ((1, 1), (0, 0))]
    """
    if taps.ndim == 0:
        if taps:
            yield ()
        return
    first = 0
    for i in range(1, len(taps) + 1):
        if i == len(taps) or not np.array_equal(taps[i], taps[first]):
            for rest in boxes(taps[first]):
                yield ((first, i - 1), *rest)
            first = i


def _channels(used: Mask, groups: int) -> tuple[tuple[Step, ...], bool]:
    """Steps from the channels of the tensor that is read to the outputs, which use these of their group."""
    outputs, inputs = used.shape
    if used.all():
        return grouped(1, inputs * groups, outputs, groups), True
    first, last, contiguous = row_ranges(used)
    start = np.repeat(np.arange(groups, dtype=np.int64) * inputs, outputs // groups)
    return (Select(1, start + first, start + last),), contiguous


def _whole(taps: tuple[int, ...]) -> Box:
    return tuple((0, n - 1) for n in taps)

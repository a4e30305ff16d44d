"""Whether an object of some size is seen: whether one position's field holds it, wherever it lies in the input.

A field is a box, and so is an object. Positions whose boxes depend on the same axes of a tensor (channels after a concat, tokens)
fall into *classes*; within a class rows and columns are chosen apart, and each axis is looked at alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from math import prod
from typing import Protocol

import numpy as np

from rfonnx.results.array_types import Int64, Mask
from rfonnx.results.plain import Outline
from rfonnx.system.named import NamedTuple

Table = tuple[Int64, Int64]
"""lo and hi of all positions of a tensor along an axis of the input."""

MOST_CLASSES, MOST_CELLS = 256, 2**25
"""Classes, and classes times places of an object, or positions along an axis: what takes more is not worked out."""


class Source(Outline, Protocol):
    """Fields that objects are laid into; `rfonnx.Analysis` is one."""

    def intervals(self, tensor: str, *, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """As `rfonnx.Analysis.intervals`."""
        ...


class ObjectRate(NamedTuple):
    """How many objects a tensor's positions see whole: each wherever it lies in the input, in the field of one position.

    Attributes:
        tensor: an output, or the layer with the largest field by windows alone.
        input: that objects lie in.
        axes: of the input, along which they have sizes.
        objects: how many were asked about.
        seen: how many of them one position sees whole, wherever they lie.
        unknown: of how many that was not worked out.
        exact: false where fields are known as at most what is shown: objects may be seen less.
        by_windows: what gates and means take over a whole axis is left aside.
    """

    tensor: str
    input: str
    axes: tuple[int, ...]
    objects: int
    seen: int
    unknown: int
    exact: bool
    by_windows: bool

    @property
    def rate(self) -> float:
        """The object rate: the share of objects that are seen whole."""
        return self.seen / self.objects


def object_rate(
    source: Source,
    tensor: str,
    input: str,
    axes: Sequence[int],
    sizes: Iterable[tuple[int, ...]],
    by_windows: bool = False,
) -> ObjectRate:
    """How many of these objects are seen whole. `by_windows`: what the source's fields are, for the record."""
    counts = Counter(sizes)
    found = reaches(source, tensor, input, axes)
    told = {size: None if found is None else _seen(found, size) for size in counts}
    seen, unknown = (sum(n for size, n in counts.items() if told[size] is what) for what in (True, None))
    exact = source.tensors[tensor].exact
    return ObjectRate(tensor, input, tuple(axes), sum(counts.values()), seen, unknown, exact, by_windows)


class Reach(NamedTuple):
    """How far one class of positions reaches, by axis.

    Attributes:
        last: for each place along the axis, the last one that a position reaches which also sees this one or those before it;
            -1 where there is none.
    """

    last: tuple[Int64, ...]


def sees(source: Source, tensor: str, input: str, axes: Sequence[int], size: Sequence[int]) -> bool | None:
    """Whether an object of a size, wherever it lies in an input, lies inside the field of one position of a tensor.

    Args:
        source: the analysis.
        tensor, input: their names.
        axes: of the input along which the object has a size; along the others it has none.
        size: positions along each of them.

    Returns:
        None where that is not worked out. Fields that are known as "at most" count as they are shown.
    """
    found = reaches(source, tensor, input, axes)
    return None if found is None else _seen(found, size)


def _seen(found: Sequence[Reach], size: Sequence[int]) -> bool | None:
    """The same, of classes of positions."""
    covers = [[_covered(last, n) for last, n in zip(reach.last, size, strict=True)] for reach in found]
    if not covers or any(cover.size == 0 for cover in covers[0]):
        return False  # nothing is seen, or the object is longer than the input
    if any(all(cover.all() for cover in each) for each in covers):
        return True
    if len(covers) == 1:
        return False
    if len(covers) * prod(cover.size for cover in covers[0]) > MOST_CELLS:
        return None
    return bool(reduce(np.logical_or, (reduce(np.logical_and.outer, each) for each in covers)).all())


class Largest(NamedTuple):
    """How large objects may be, by axis.

    Attributes:
        held: sizes up to which one class of positions sees objects wherever they lie.
        most: no larger ones are seen everywhere; the classes together may see some between.
    """

    held: tuple[tuple[int, ...], ...]
    most: tuple[int, ...]


def largest(source: Source, tensor: str, input: str, axes: Sequence[int]) -> Largest | None:
    """The sizes of objects that a tensor's positions see wherever they lie; None as in `sees`."""
    found = reaches(source, tensor, input, axes)
    if found is None:
        return None
    sizes = {tuple(map(_longest, reach.last)) for reach in found}
    best = [one for one in sizes if not any(one != other and _within(one, other) for other in sizes)]
    together = [reduce(np.maximum, lasts) for lasts in zip(*(reach.last for reach in found), strict=True)]
    return Largest(tuple(sorted(best)), tuple(map(_longest, together)))


def _within(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def reaches(source: Source, tensor: str, input: str, axes: Sequence[int]) -> list[Reach] | None:
    """The classes of a tensor's positions; None where there are too many."""
    shape = source.input_shapes.get(input) or ()
    lengths = [shape[axis] for axis in axes]
    known = [length for length in lengths if length is not None]
    long = max([*known, *(length or 0 for length in source.tensors[tensor].shape or ())], default=0) > MOST_CELLS
    if len(known) < len(lengths) or long:
        return None
    tables = [source.intervals(tensor, input=input, axis=axis) for axis in axes]
    shared = _shared_axes(tables)
    for axis in shared:
        tables = _without_repeats(tables, axis)
    if prod(_extent(tables, axis) for axis in shared) > MOST_CLASSES:
        return None
    classes = {}
    for index in np.ndindex(*(_extent(tables, axis) for axis in shared)):
        at = dict(zip(shared, index, strict=True))
        last = tuple(
            _last(_part(lo, at), _part(hi, at), length) for (lo, hi), length in zip(tables, known, strict=True)
        )
        classes[b"".join(one.tobytes() for one in last)] = Reach(last)
    return list(classes.values())


def _shared_axes(tables: Sequence[Table]) -> list[int]:
    """Axes of the tensor on which the fields along more than one axis of the input depend."""
    return [axis for axis in range(tables[0][0].ndim) if sum(lo.shape[axis] > 1 for lo, _ in tables) > 1]


def _extent(tables: Sequence[Table], axis: int) -> int:
    return int(max(lo.shape[axis] for lo, _ in tables))


def _without_repeats(tables: Sequence[Table], axis: int) -> list[Table]:
    """Only the positions along an axis that see other things than their neighbour before them."""
    differs = np.ones(_extent(tables, axis), bool)
    differs[1:] = False
    for one in (part for table in tables for part in table if part.shape[axis] > 1):
        others = tuple(other for other in range(one.ndim) if other != axis)
        differs[1:] |= (np.diff(one, axis=axis) != 0).any(axis=others)
    kept = np.flatnonzero(differs)
    return [
        (lo, hi) if lo.shape[axis] == 1 else (np.take(lo, kept, axis), np.take(hi, kept, axis)) for lo, hi in tables
    ]


def _part(one: Int64, at: Mapping[int, int]) -> Int64:
    """The part at an index into some axes; a table of length 1 along an axis is the same at each."""
    return one[tuple(min(at[k], n - 1) if k in at else slice(None) for k, n in enumerate(one.shape))]


def _last(lo: Int64, hi: Int64, length: int) -> Int64:
    found = np.full(length, -1, np.int64)
    read = lo <= hi
    np.maximum.at(found, lo[read].reshape(-1), hi[read].reshape(-1))
    return np.maximum.accumulate(found)


def _covered(last: Int64, size: int) -> Mask:
    """By place of an object's first position: whether a position sees all of it."""
    begins = np.arange(max(0, len(last) - size + 1))
    covered: Mask = last[: len(begins)] >= begins + size - 1
    return covered


def _longest(last: Int64) -> int:
    """The largest size that is covered everywhere: with `room[b]` the least of `last[a] - a + 1` over places a <= b, the largest
    n with `room[length - n] >= n`. What holds for a size holds for the smaller ones, whose objects lie in such of that size."""
    length = len(last)
    room = np.minimum.accumulate(last - np.arange(length) + 1)
    sizes = np.arange(1, length + 1)
    held = np.flatnonzero(room[length - sizes] >= sizes)
    return int(sizes[held[-1]]) if held.size else 0

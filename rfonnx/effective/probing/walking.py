"""Which axes of a tensor walk over the input, and which position along them is nearest to a place.

`H // 2` is not that position: padding that is not symmetric, strides that do not divide the input and cropped borders move
centres by up to a stride and more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.effective.place import Place
from rfonnx.errors import QueryError, ShapeError
from rfonnx.results.array_types import Floats, Int64

WALK = 0.25
"""Tokens walk along an axis when their centres cover this share of it."""

BRANCHES = 4
"""An axis of many units and no more places than this is one of channels: the halves of a recurrent layer's look ahead and back,
and are centred far apart, but they are two places however many channels there are."""


def walk(analysis: Analysis, tensor: str, place: Place) -> tuple[int | None, ...]:
    """Position along the axes of a tensor that walk over the map's axes; None along the others, and when none does."""
    shape = known_shape(analysis, tensor)
    tables = {axis: analysis.intervals(tensor, place.input, axis, clip=False) for axis in place.axes}
    walking = _walking(analysis, tensor, place, tables)
    if not walking:
        return (None,) * len(shape)
    others = tuple(a for a in range(len(shape)) if a not in walking)
    unions = [union(*tables[axis], others) for axis in place.axes]
    # what looks ahead and what looks back together see everything, wherever they are
    walking = {a for a in walking if any(lo.shape[a] > 1 and np.ptp(lo + hi, axis=a).any() for lo, hi in unions)}
    distances = [
        np.where(lo <= hi, (lo + hi - 2 * wanted) ** 2, np.inf)
        for (lo, hi), wanted in zip(unions, place.at, strict=True)
    ]
    return nearest(shape, walking, distances)


def nearest(shape: Sequence[int], axes: Collection[int], distances: Iterable[Floats]) -> tuple[int | None, ...]:
    """The position along some axes where the sum of distances is least; None along the others.

    Args:
        shape: of a tensor.
        axes: of it.
        distances: each broadcasts to the shape, and is of length 1 along the other axes.
    """
    if not axes:
        return (None,) * len(shape)
    parts = [np.zeros([n if a == b else 1 for b, n in enumerate(shape)]) for a in axes]
    for distance in distances:
        parts = _joined(parts, distance)
    index = np.sum([_middle(np.argwhere(part == part.min())) for part in parts], axis=0)
    return tuple(int(i) if a in axes else None for a, i in enumerate(index))


def _joined(parts: list[Floats], distance: Floats) -> list[Floats]:
    """Sums of distances that share no axis of the tensor: each is least wherever along the other axes. Rows and columns of a
    map stay apart, and so no array of the map's size is made; those of tokens do not."""
    axes = {a for a, n in enumerate(distance.shape) if n > 1}
    near = [part for part in parts if any(part.shape[a] > 1 for a in axes)]
    together = sum(near, distance)
    return [*(part for part in parts if all(part is not one for one in near)), together]


def _middle(ties: Int64) -> Int64:
    """Of equally near units (rows, in order) the one in their middle; of two, the later: with stride 1 that is H // 2."""
    away = ((ties * len(ties) - ties.sum(0)) ** 2).sum(1)
    middle: Int64 = ties[len(ties) - 1 - int(np.argmin(away[::-1]))]
    return middle


Tables = dict[int, tuple[Int64, Int64]]


def _walking(analysis: Analysis, tensor: str, place: Place, tables: Tables) -> set[int]:
    """Axes of the tensor along which the field moves over one of the map's axes."""
    fields = analysis.tensors[tensor].fields
    found = set()
    for axis, (lo, hi) in tables.items():
        field = fields[place.input, axis]
        if field.tensor_axis is not None:
            found.add(field.tensor_axis)
        elif field.kind == "block":
            # Tokens and windows walk; channels that see more or less than others (after a Concat) stay where they are.
            middle = np.ma.masked_array(lo + hi, lo > hi) / 2
            spread = ((a, np.ma.max(np.ma.ptp(middle, axis=a))) for a, n in enumerate(lo.shape) if n > 1)
            moving = {a for a, moved in spread if moved and moved >= WALK * (place.shape[axis] - 1)}
            for a in moving:
                places = _places_along(a, tables.values())
                if places > BRANCHES or 2 * places > lo.shape[a]:
                    found.add(a)
    return found


def _places_along(axis: int, tables: Iterable[tuple[Int64, Int64]]) -> int:
    """How many different centres a line of units along an axis has."""
    lines = [(lo + hi).swapaxes(0, axis).reshape(lo.shape[axis], -1)[:, 0] for lo, hi in tables]
    length = max(map(len, lines))
    return len(np.unique(np.stack([np.broadcast_to(line, length) for line in lines]), axis=1).T)


def union(lo: Int64, hi: Int64, axes: tuple[int, ...]) -> tuple[Int64, Int64]:
    """Hull along axes; empty intervals do not count, and there may be none at all."""
    reads = lo <= hi
    limit = np.iinfo(np.int64).max // 4
    lo = np.where(reads, lo, limit).min(axis=axes, keepdims=True, initial=limit)
    hi = np.where(reads, hi, -limit).max(axis=axes, keepdims=True, initial=-limit)
    return lo, np.where(lo == limit, lo - 1, hi)


def same_shape_before(analysis: Analysis, tensor: str, shape: tuple[int, ...], place: Place) -> str:
    """The last tensor before this one, in topological order, that has its shape and still slides; "" when there is none."""
    found = ""
    for name in analysis.tensors:
        if name == tensor:
            break
        if analysis.tensors[name].shape == shape and any(p is not None for p in walk(analysis, name, place)):
            found = name
    return found


def sample_axis(analysis: Analysis, tensor: str, place: Place) -> int | None:
    """The tensor's axis that counts samples, or None when samples do not stay apart (a batch of one always does)."""
    axis = analysis.batch_axes.get(place.input)
    if axis is None or axis in place.axes:
        return None
    batch = analysis.tensors[tensor].fields[place.input, axis]
    return batch.tensor_axis if batch.kind == "local" and batch.size == 1 and batch.stride == 1 else None


def known_shape(analysis: Analysis, tensor: str) -> tuple[int, ...]:
    """Shape of a tensor, all of it known.

    Raises:
        QueryError, ShapeError: no such tensor; its shape depends on data.
    """
    if tensor not in analysis.tensors:
        analysis.intervals(tensor, analysis.inputs[0], 0)  # says what is wrong with the name
        raise QueryError(f"{analysis.model.name}: '{tensor}' is an input", "choose a tensor that is computed from it")
    shape = analysis.tensors[tensor].shape
    if shape is None or None in shape:
        raise ShapeError(
            f"{analysis.model.name}: the shape of '{tensor}' is not known: it depends on data, or on an unknown operator",
            "choose another tensor",
        )
    return tuple(n or 0 for n in shape)

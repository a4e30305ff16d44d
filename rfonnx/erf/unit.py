"""Which unit of a tensor stands for a place of the input: the one whose theoretical centre is nearest to it.

`H // 2` is not that unit: padding that is not symmetric, strides that do not divide the input and cropped borders move
centres by up to a stride and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfonnx.analysis import Analysis
from rfonnx.erf.settings import At
from rfonnx.errors import QueryError, ShapeError
from rfonnx.plain import shape_text

Intervals = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The input that is looked at, and where in it.

    Attributes:
        input, shape: the input and its bound shape.
        axes: of the map.
        at: the asked place, one coordinate per axis.
    """

    input: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    at: tuple[float, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The input's lengths along the axes: the shape of the map."""
        return tuple(self.shape[axis] for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Unit:
    """A position of a tensor, summed along some of its axes, and what it sees.

    Attributes:
        tensor, shape: the tensor.
        position: index per axis; None where it is summed.
        place: what was asked for.
        field, unbounded: closed intervals of the input per axis of the map: with borders and without.
        note: how the unit was found when its own field does not tell, or "".
    """

    tensor: str
    shape: tuple[int, ...]
    position: tuple[int | None, ...]
    place: Place
    field: Intervals
    unbounded: Intervals
    note: str = ""

    @property
    def centre(self) -> tuple[float, ...]:
        """Middle of the unbounded field, per axis."""
        return tuple((lo + hi) / 2 for lo, hi in self.unbounded)


def find_place(analysis: Analysis, input: str | None, axes: Sequence[int] | None, at: At) -> Place:
    """Choose the input and its spatial axes.

    Args:
        analysis: of the model.
        input: None: the first input that a window slides along, else the first.
        axes: None: those that a window slides along; of an input without any, all but the batch.
        at: "center", or a coordinate per axis.

    Raises:
        QueryError: no such input or axis, or `at` lies outside.
    """
    name = analysis.model.name
    windowed = analysis.windowed
    if input is None:
        input = next((given for given, _ in windowed), analysis.inputs[0] if analysis.inputs else "")
    if input not in analysis.inputs:
        raise QueryError(
            f"{name}: there is no input '{input}'", f"the inputs are {', '.join(map(repr, analysis.inputs))}"
        )
    shape = analysis.input_shapes[input]
    if shape is None or None in shape:
        raise ShapeError(f"{name}: the shape of input '{input}' is not known", "bind it with --shape")
    lengths = tuple(n or 0 for n in shape)
    if axes is None:
        chosen = tuple(axis for given, axis in windowed if given == input)
        chosen = chosen or tuple(a for a in range(len(lengths)) if a > 0 and lengths[a] > 1) or (len(lengths) - 1,)
    else:
        chosen = tuple(sorted({axis + len(lengths) if axis < 0 else axis for axis in axes}))
        if not chosen or not all(0 <= axis < len(lengths) for axis in chosen):
            raise QueryError(
                f"{name}: input '{input}' of shape {shape_text(shape)} has no axes {tuple(axes)}", "see --axes"
            )
    return Place(input, lengths, chosen, _coordinates(name, lengths, chosen, at))


def _coordinates(name: str, shape: tuple[int, ...], axes: tuple[int, ...], at: At) -> tuple[float, ...]:
    lengths = [shape[axis] for axis in axes]
    if isinstance(at, str):
        if at != "center":
            raise QueryError(f"{name}: at is '{at}'", f"give 'center' or {len(axes)} coordinates of the input")
        return tuple((n - 1) / 2 for n in lengths)
    if len(at) != len(axes) or not all(0 <= c <= n - 1 for c, n in zip(at, lengths, strict=True)):
        raise QueryError(
            f"{name}: place {tuple(at)} is not in the input's axes {axes} of lengths {shape_text(tuple(lengths))}",
            "give one coordinate per axis, counted from 0",
        )
    return tuple(float(c) for c in at)


def find_unit(analysis: Analysis, tensor: str, place: Place) -> Unit:
    """The unit of a tensor whose theoretical centre is nearest to the place; of several, the middle one.

    When every unit of the tensor sees all of the input, the last tensor before it of the same shape that still slides says
    which is where (a token keeps its place through attention, a pixel through a gate); else, where the tensor has the
    input's layout, the place is taken in proportion; else the unit is the sum of the tensor.

    Raises:
        QueryError: no such tensor, or it sees nothing of the input.
    """
    shape = known_shape(analysis, tensor)
    position, note = walk(analysis, tensor, place), ""
    if not any(p is not None for p in position):
        guide = same_shape_before(analysis, tensor, shape, place)
        if guide:
            position = walk(analysis, guide, place)
            note = f"every unit of '{tensor}' sees the same; places are those of '{guide}', which has the same shape"
        elif proportional(shape, place):
            position = tuple(
                _in_proportion(place, axis, shape[axis]) if axis in place.axes else None for axis in range(len(shape))
            )
            note = f"every unit of '{tensor}' sees the same; the place was taken in proportion"
    return unit_at(analysis, tensor, _with_sample(analysis, tensor, position, place), place, note)


def unit_at(analysis: Analysis, tensor: str, position: Sequence[int | None], place: Place, note: str = "") -> Unit:
    """The unit at a position; None along the axes that are summed.

    Raises:
        QueryError: the position lies outside, or sees nothing of the input.
    """
    name, shape = analysis.model.name, known_shape(analysis, tensor)
    if len(position) != len(shape) or not all(p is None or -n <= p < n for p, n in zip(position, shape, strict=True)):
        shown = ",".join(":" if p is None else str(p) for p in position)
        raise QueryError(
            f"{name}: position {shown} is not in tensor '{tensor}' of shape {shape_text(shape)}",
            "give one index per axis, or : to sum along it",
        )
    exact = tuple(None if p is None else p % n for p, n in zip(position, shape, strict=True))
    field, unbounded = (
        tuple(_interval(analysis, tensor, exact, place.input, axis, clip) for axis in place.axes)
        for clip in (True, False)
    )
    if any(lo > hi for lo, hi in field):
        raise QueryError(
            f"{name}: tensor '{tensor}' sees nothing of input '{place.input}' at {shown_position(exact)}",
            "choose another tensor, place or input; `rfonnx report` shows what each tensor sees",
        )
    return Unit(tensor, shape, exact, place, field, unbounded, note)


def shown_position(position: Sequence[int | None]) -> str:
    """A position as people write it: ":" along summed axes."""
    return ",".join(":" if p is None else str(p) for p in position)


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
        raise ShapeError(f"{analysis.model.name}: the shape of '{tensor}' depends on data", "choose another tensor")
    return tuple(n or 0 for n in shape)


def walk(analysis: Analysis, tensor: str, place: Place) -> tuple[int | None, ...]:
    """Position along the axes of a tensor that walk over the map's axes; None along the others, and when none does."""
    shape = known_shape(analysis, tensor)
    intervals = {axis: analysis.intervals(tensor, place.input, axis, clip=False) for axis in place.axes}
    walking = _walking(analysis, tensor, place, [lo.shape for lo, _ in intervals.values()])
    if not walking:
        return (None,) * len(shape)
    distance: npt.NDArray[np.float64] = np.zeros((1,) * len(shape))
    for axis, wanted in zip(place.axes, place.at, strict=True):
        lo, hi = _union(*intervals[axis], tuple(a for a in range(len(shape)) if a not in walking))
        distance = distance + np.where(lo <= hi, (lo + hi - 2 * wanted) ** 2, np.inf)
    distance = np.broadcast_to(distance, [n if a in walking else 1 for a, n in enumerate(shape)])
    index = _middle(np.argwhere(distance == distance.min()))
    return tuple(int(i) if a in walking else None for a, i in enumerate(index))


def _middle(ties: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of equally near units (rows, in order) the one in their middle; of two, the later: with stride 1 that is H // 2."""
    away = ((ties * len(ties) - ties.sum(0)) ** 2).sum(1)
    middle: npt.NDArray[np.int64] = ties[len(ties) - 1 - int(np.argmin(away[::-1]))]
    return middle


def _walking(analysis: Analysis, tensor: str, place: Place, tables: list[tuple[int, ...]]) -> set[int]:
    """Axes of the tensor along which the field moves over one of the map's axes."""
    fields = analysis.tensors[tensor].fields
    found = set()
    for axis, table in zip(place.axes, tables, strict=True):
        field = fields[place.input, axis]
        along = field.tensor_axis
        if along is not None:
            found.add(along)
        elif field.kind == "block":
            # Tokens, windows: whatever the intervals depend on.
            found.update(a for a, n in enumerate(table) if n > 1)
    return found


def _union(
    lo: npt.NDArray[np.int64], hi: npt.NDArray[np.int64], axes: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Hull along axes; empty intervals do not count."""
    reads = lo <= hi
    limit = np.iinfo(np.int64).max // 4
    lo = np.where(reads, lo, limit).min(axis=axes, keepdims=True)
    hi = np.where(reads, hi, -limit).max(axis=axes, keepdims=True)
    return lo, np.where(lo == limit, lo - 1, hi)


def _interval(
    analysis: Analysis, tensor: str, position: tuple[int | None, ...], input: str, axis: int, clip: bool
) -> tuple[int, int]:
    lo, hi = analysis.intervals(tensor, input, axis, clip)
    index = tuple(
        slice(None) if p is None else (slice(p, p + 1) if n > 1 else slice(0, 1))
        for p, n in zip(position, lo.shape, strict=True)
    )
    lo, hi = _union(lo[index], hi[index], tuple(range(lo.ndim)))
    return int(lo.item()), int(hi.item())


def same_shape_before(analysis: Analysis, tensor: str, shape: tuple[int, ...], place: Place) -> str:
    """The last tensor before this one, in topological order, that has its shape and still slides; "" when there is none."""
    found = ""
    for name in analysis.tensors:
        if name == tensor:
            break
        if analysis.tensors[name].shape == shape and any(p is not None for p in walk(analysis, name, place)):
            found = name
    return found


def proportional(shape: tuple[int, ...], place: Place) -> bool:
    """Whether the tensor has the input's layout: the same rank, and more than one position along the map's axes."""
    return len(shape) == len(place.shape) and all(shape[axis] > 1 or place.shape[axis] == 1 for axis in place.axes)


def _in_proportion(place: Place, axis: int, length: int) -> int:
    at = place.at[place.axes.index(axis)]
    return min(int((at + 0.5) / place.shape[axis] * length), length - 1)


def _with_sample(
    analysis: Analysis, tensor: str, position: tuple[int | None, ...], place: Place
) -> tuple[int | None, ...]:
    """The position in the first sample of the batch."""
    axis = sample_axis(analysis, tensor, place)
    if axis is None or position[axis] is not None:
        return position
    return (*position[:axis], 0, *position[axis + 1 :])


def sample_axis(analysis: Analysis, tensor: str, place: Place) -> int | None:
    """The tensor's axis that counts samples, or None when samples do not stay apart (a batch of one always does)."""
    if 0 in place.axes:
        return None
    fields = analysis.tensors[tensor].fields
    batch = fields[place.input, 0]
    return batch.tensor_axis if batch.kind == "local" and batch.size == 1 and batch.stride == 1 else None

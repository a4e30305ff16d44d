"""Which unit of a tensor stands for a place of the input: the one whose theoretical centre is nearest to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rfonnx.analysis import Analysis
from rfonnx.erf.place import Place
from rfonnx.erf.settings import whole
from rfonnx.erf.walking import in_proportion, known_shape, proportional, same_shape_before, sample_axis, union, walk
from rfonnx.errors import QueryError
from rfonnx.plain import shape_text

Intervals = tuple[tuple[int, int], ...]


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


def find_unit(analysis: Analysis, tensor: str, place: Place) -> Unit:
    """The unit of a tensor whose theoretical centre is nearest to the place; of several, the middle one.

    When every unit of the tensor sees all of the input, the last tensor before it of the same shape that still slides says
    which is where (a token keeps its place through attention, a pixel through a gate). Where that does not tell and the tensor
    has the input's layout, the place is taken in proportion. What is left is summed.

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
    open_axes = [axis for axis in place.axes if axis < len(shape) and position[axis] is None]
    if open_axes and proportional(shape, place):
        position = tuple(
            in_proportion(place, axis, shape[axis]) if axis in open_axes else p for axis, p in enumerate(position)
        )
        note = (
            f"every unit of '{tensor}' along axis {', '.join(map(str, open_axes))} sees the same; taken in proportion"
        )
    if all(p is None for p in position):
        note = f"no axis of '{tensor}' has places"
    return unit_at(analysis, tensor, _with_sample(analysis, tensor, position, place), place, note)


def unit_at(analysis: Analysis, tensor: str, position: Sequence[int | None], place: Place, note: str = "") -> Unit:
    """The unit at a position; None along the axes that are summed.

    Raises:
        QueryError: the position lies outside, or sees nothing of the input.
    """
    name, shape = analysis.model.name, known_shape(analysis, tensor)
    hint = "give one index per axis, or : to sum along it"
    given: object = position
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise QueryError(f"position is {given!r}", hint)
    position = [None if p is None else whole("an index of the position", p, hint) for p in given]
    if len(position) != len(shape) or not all(p is None or -n <= p < n for p, n in zip(position, shape, strict=True)):
        raise QueryError(
            f"{name}: position {shown_position(position)} is not in tensor '{tensor}' of shape {shape_text(shape)}",
            hint,
        )
    exact = tuple(None if p is None else p % n for p, n in zip(position, shape, strict=True))
    field, unbounded = (
        tuple(_interval(analysis, tensor, exact, place.input, axis, clip) for axis in place.axes)
        for clip in (True, False)
    )
    if any(lo > hi for lo, hi in field):
        # An input of sizes (repeats, k) has one axis or none: what shape it makes is read at no position.
        aside = ", shapes aside" if len(place.shape) < 2 else ""
        raise QueryError(
            f"{name}: tensor '{tensor}' sees nothing of input '{place.input}' at {shown_position(exact)}{aside}",
            "choose another tensor, place or input; `rfonnx report` shows what each tensor sees",
        )
    return Unit(tensor, shape, exact, place, field, unbounded, note)


def shown_position(position: Sequence[int | None]) -> str:
    """A position as people write it: ":" along summed axes."""
    return ",".join(":" if p is None else str(p) for p in position)


def _interval(
    analysis: Analysis, tensor: str, position: tuple[int | None, ...], input: str, axis: int, clip: bool
) -> tuple[int, int]:
    lo, hi = analysis.intervals(tensor, input, axis, clip)
    index = tuple(
        slice(None) if p is None else (slice(p, p + 1) if n > 1 else slice(0, 1))
        for p, n in zip(position, lo.shape, strict=True)
    )
    lo, hi = union(lo[index], hi[index], tuple(range(lo.ndim)))
    return int(lo.item()), int(hi.item())


def _with_sample(
    analysis: Analysis, tensor: str, position: tuple[int | None, ...], place: Place
) -> tuple[int | None, ...]:
    """The position in the first sample of the batch."""
    axis = sample_axis(analysis, tensor, place)
    if axis is None or position[axis] is not None:
        return position
    return (*position[:axis], 0, *position[axis + 1 :])

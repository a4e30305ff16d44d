"""Which unit of a tensor stands for a place of the input: the one whose theoretical centre is nearest to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rfonnx.analysis.analysis import Analysis
from rfonnx.effective.place import Place
from rfonnx.effective.probing.standing import growing_axes, standing, standing_axes
from rfonnx.effective.probing.walking import known_shape, same_shape_before, sample_axis, union, walk
from rfonnx.effective.settings import whole
from rfonnx.errors import QueryError
from rfonnx.results.plain import axes_text, shape_text

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
    def center(self) -> tuple[float, ...]:
        """Middle of the unbounded field, per axis."""
        return tuple((lo + hi) / 2 for lo, hi in self.unbounded)


def find_unit(analysis: Analysis, tensor: str, place: Place) -> Unit:
    """The unit of a tensor whose theoretical centre is nearest to the place; of several, the middle one. Where units see ever
    more, as behind a recurrent layer, the one that stands for the place.

    When every unit of the tensor sees all of the input, the last tensor before it of the same shape that still slides says
    which is where (a token keeps its place through attention, a pixel through a gate). Where that does not tell, what its
    positions stand for does, in proportion. An axis along which nothing of the input moves is summed.

    Raises:
        QueryError: no such tensor, or it sees nothing of the input.
    """
    shape = known_shape(analysis, tensor)
    position, note = walk(analysis, tensor, place), ""
    stands = standing_axes(analysis, tensor, place)
    if not any(p is not None for p in position):
        guide = same_shape_before(analysis, tensor, shape, place)
        guided = walk(analysis, guide, place) if guide else position
        if guide and all(p is None or axis in stands for axis, p in enumerate(guided)):
            position = guided
            note = f"every unit of '{tensor}' sees the same; places are those of '{guide}', which has the same shape"
    grows = growing_axes(analysis, tensor, place)
    if grows:
        found = standing(analysis, tensor, place, grows)
        position = tuple(
            new if axis in grows else old for axis, (old, new) in enumerate(zip(position, found, strict=True))
        )
    rest = sorted(axis for axis in stands if position[axis] is None)
    if rest:
        found = standing(analysis, tensor, place, rest)
        position = tuple(new if old is None else old for old, new in zip(position, found, strict=True))
        note = f"every unit of '{tensor}' along {axes_text(rest)} sees the same; taken in proportion"
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
        # Such as sizes, axes, starts: their values reach no position, and yet what they decide changes the positions.
        aside = " but as a parameter, which may decide shapes and what is read" if len(place.shape) < 2 else ""
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
    if axis is None and 0 not in place.axes and place.shape[0] == 1 and known_shape(analysis, tensor)[:1] == (1,):
        axis = 0  # of a single sample it is not seen that samples stay apart
    if axis is None or position[axis] is not None:
        return position
    return (*position[:axis], 0, *position[axis + 1 :])

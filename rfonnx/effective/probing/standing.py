"""Which axes of a tensor stand for places of the map, and which position along them for which place.

A unit that sees the whole input still has a place where position t of its tensor was made of position t of what came before: a
token behind attention, a pixel behind a gate. That is read off the paths (`derive.walks`). An axis along which nothing of
the input moves, such as one of classes, has no places, whatever its length.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.derive.lines import Axis, Line
from rfonnx.effective.place import Place
from rfonnx.effective.probing.walking import known_shape, nearest
from rfonnx.results.array_types import Floats


def standing_axes(analysis: Analysis, tensor: str, place: Place) -> set[int]:
    """Axes of more than one position that stand for different places."""
    shape = known_shape(analysis, tensor)
    return {a for line in _lines(analysis, tensor, place).values() for a in line.walking if shape[a] > 1}


def standing(analysis: Analysis, tensor: str, place: Place, axes: Iterable[int]) -> tuple[int | None, ...]:
    """The position along some of these axes that stands for the place; None along the others."""
    shape, chosen = known_shape(analysis, tensor), set(axes)
    distances = []
    for axis, line in _lines(analysis, tensor, place).items():
        walked = [a for a in line.walking if a in chosen]
        if not walked:
            continue
        at = np.full([1] * len(shape), float(line.start))
        for a in walked:
            at = at + _places(line.axes[a]).reshape([-1 if b == a else 1 for b in range(len(shape))])
        distances.append((at - place.at[place.axes.index(axis)]) ** 2)
    return nearest(shape, chosen, distances)


def growing_axes(analysis: Analysis, tensor: str, place: Place) -> set[int]:
    """Axes of places along which units see ever more, from one end on: behind a recurrent layer position t sees all that came
    before it, and the middle of that is far from t."""
    found: set[int] = set()
    for axis, line in _lines(analysis, tensor, place).items():
        ends = analysis.intervals(tensor, place.input, axis, clip=False)
        for a in line.walking:
            moves = [bool(end.shape[a] > 1 and np.ptp(end, axis=a).any()) for end in ends]
            if moves[0] != moves[1]:
                found.add(a)
    return found


def shared(analysis: Analysis, tensor: str, place: Place) -> bool:
    """Whether several units along an axis stand for one place, as in a map that was flattened with its channels."""
    lines = _lines(analysis, tensor, place).values()
    for a in {a for line in lines for a in line.walking}:
        together = np.stack([_places(line.axes[a]) for line in lines if line.walks(a)])
        if len(np.unique(together, axis=1).T) < together.shape[1]:
            return True
    return False


def _lines(analysis: Analysis, tensor: str, place: Place) -> dict[int, Line]:
    """By axis of the map: what the positions of a tensor stand for, if for anything."""
    found = {}
    for axis in place.axes:
        walking = (line for line in analysis.time.walks.of(tensor, place.input, axis) if line.walking)
        line = next(walking, None)
        if line is not None:
            found[axis] = line
    return found


def _places(axis: Axis) -> Floats:
    """The place that each position along an axis stands for: the middle of as many as one step is long."""
    at = np.zeros(1)
    for factor in axis:
        at = (at[:, None] + float(factor.slope) * np.arange(factor.length)).reshape(-1)
    step = min((abs(float(factor.slope)) for factor in axis if factor.slope), default=1.0)
    return at + (step - 1) / 2

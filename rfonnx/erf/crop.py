"""Running a model on only as much of the input as a unit can see, where that is provably the same (`equivariance`).

Where a proof fails the model runs on the whole input. Where the unit sees a border, so does the window: padding stays padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm, prod

import numpy as np

from rfonnx.analysis import Analysis, analyze
from rfonnx.erf.equivariance import EQUIVARIANT, broadcasts, is_constant, same_program, shifted, slides, upstream
from rfonnx.erf.place import Place
from rfonnx.erf.source import Model
from rfonnx.erf.unit import Intervals, Unit, unit_at
from rfonnx.errors import RfonnxError
from rfonnx.graph import Graph, load

WORTHWHILE = 0.75
"""A window that holds more than this share of the input is not worth a second analysis."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A window, and the model bound to it.

    Attributes:
        model: with the window's lengths.
        window: of the whole input, closed intervals per axis of the map.
        units: the units in it, in the order that they were given.
    """

    model: Model
    window: Intervals
    units: tuple[Unit, ...]

    def cut(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of the whole input, cut to the window; other inputs as they are."""
        place = self.units[0].place
        inside = [slice(None)] * len(place.shape)
        for axis, (lo, hi) in zip(place.axes, self.window, strict=True):
            inside[axis] = slice(lo, hi + 1)
        return {name: array[tuple(inside)] if name == place.input else array for name, array in feeds.items()}


def whole(model: Model, units: tuple[Unit, ...]) -> Crop:
    """No crop: the window is the input."""
    return Crop(model, tuple((0, n - 1) for n in units[0].place.lengths), units)


def crop(model: Model, graph: Graph, analysis: Analysis, units: tuple[Unit, ...]) -> Crop | None:
    """The smallest proven window that all units of one tensor see nothing outside of, or None."""
    try:
        return _crop(model, graph, analysis, units)
    except RfonnxError:
        return None  # the graph does not take these lengths


def _crop(model: Model, graph: Graph, analysis: Analysis, units: tuple[Unit, ...]) -> Crop | None:
    place, tensor = units[0].place, units[0].tensor
    if _window(units, {}) is None:
        return None
    nodes, tensors = upstream(graph, tensor)
    if any(name != place.input and name in graph.inputs for name in tensors):
        return None  # other inputs would have to be cropped too
    if not all(node.kind in EQUIVARIANT for node in nodes if not is_constant(node, graph)):
        return None
    seen = [name for name in tensors if name in analysis.tensors]
    window = _window(units, {axis: _step(analysis, seen, place.input, axis) for axis in place.axes})
    if window is None:
        return None
    cut = [axis for axis, (lo, hi) in zip(place.axes, window, strict=True) if hi - lo + 1 < place.shape[axis]]
    if not all(slides(analysis, name, place, cut) for name in seen):
        return None
    if not all(broadcasts(node, graph, analysis, place, cut) for node in nodes if node.outputs[0] in analysis.tensors):
        return None
    lengths = dict(zip(place.axes, (hi - lo + 1 for lo, hi in window), strict=True))
    shape = tuple(lengths.get(axis, n) for axis, n in enumerate(place.shape))
    light = model.rebound({place.input: shape}, weights=False)
    small, short = analyze(light.source, light.shapes), load(light.source, light.shapes)
    if not same_program(graph, short, nodes, upstream(short, tensor)[0]):
        return None
    shifts = {axis: lo for axis, (lo, _) in zip(place.axes, window, strict=True) if axis in cut}
    if not all(
        shifted(analysis, small, name, place, shifts, dict(zip(place.axes, window, strict=True))) for name in seen
    ):
        return None
    inner = Place(place.input, shape, place.axes, place.at)
    moved = tuple(_moved(analysis, small, unit, inner, shifts) for unit in units)
    for unit, there in zip(units, moved, strict=True):
        begin = tuple(lo for lo, _ in window)
        if _plus(there.unbounded, begin) != unit.unbounded or _plus(there.field, begin) != unit.field:
            return None
    return Crop(model.rebound({place.input: shape}), window, moved)


def _window(units: tuple[Unit, ...], steps: dict[int, int]) -> Intervals | None:
    """Hull of the units' fields, begun and (where it can be) ended on a multiple of `steps`; None when it saves little."""
    place = units[0].place
    window = []
    for index, (axis, length) in enumerate(zip(place.axes, place.lengths, strict=True)):
        step = steps.get(axis, 1)
        # What is mirrored at a border may lie outside the unbounded field.
        lo = min(min(unit.unbounded[index][0], unit.field[index][0]) for unit in units)
        hi = max(max(unit.unbounded[index][1], unit.field[index][1]) for unit in units)
        first = max(lo, 0) // step * step
        # At least two steps: an axis of length 1 walks nowhere, and proves nothing.
        last = first + max(2, -(-(hi + 1 - first) // step)) * step - 1
        window.append((first, length - 1 if hi >= length - 1 else min(last, length - 1)))
    return tuple(window) if prod(hi - lo + 1 for lo, hi in window) <= WORTHWHILE * prod(place.lengths) else None


def _step(analysis: Analysis, tensors: list[str], input: str, axis: int) -> int:
    """The shift of the input after which all tensors repeat: the common multiple of their strides times periods."""
    fields = {analysis.tensors[name].fields[input, axis] for name in tensors}
    return lcm(*((f.stride * f.period).numerator or 1 for f in fields))


def _moved(big: Analysis, small: Analysis, unit: Unit, place: Place, shifts: dict[int, int]) -> Unit:
    position = list(unit.position)
    for axis, shift in shifts.items():
        field = big.tensors[unit.tensor].fields[place.input, axis]
        index = position[field.tensor_axis or 0]
        if index is not None:
            position[field.tensor_axis or 0] = index - int(shift / field.stride)
    return unit_at(small, unit.tensor, position, place, unit.note)


def _plus(intervals: Intervals, begin: tuple[int, ...]) -> Intervals:
    return tuple((lo + b, hi + b) for (lo, hi), b in zip(intervals, begin, strict=True))

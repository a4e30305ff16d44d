"""Running a model on only as much of the input as a unit can see, where that is provably the same (`equivariance`).

Where a proof fails the model runs on the whole input. Where the unit sees a border, so does the window: padding stays padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm, prod

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.effective.place import Place
from rfonnx.effective.probing.equivariance import (
    alike,
    broadcasts,
    is_constant,
    same_program,
    shifted,
    slides,
    upstream,
)
from rfonnx.effective.source import Model
from rfonnx.effective.subject import Subject
from rfonnx.effective.unit import Intervals, Unit, unit_at
from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Node

WORTHWHILE = 0.75
"""A window that holds more than this share of the input is not worth a second analysis."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A window, and the model bound to it.

    Attributes:
        model: with the window's lengths.
        window: of the whole input, closed intervals per axis of the map.
        units: the units in it, in the order that they were given.
        analysis: of the model at these lengths.
    """

    model: Model
    window: Intervals
    units: tuple[Unit, ...]
    analysis: Analysis

    def cut(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of the whole input, cut to the window; other inputs as they are."""
        place = self.units[0].place
        inside = [slice(None)] * len(place.shape)
        for axis, (lo, hi) in zip(place.axes, self.window, strict=True):
            inside[axis] = slice(lo, hi + 1)
        return {name: array[tuple(inside)] if name == place.input else array for name, array in feeds.items()}


def whole(subject: Subject, units: tuple[Unit, ...]) -> Crop:
    """No crop: the window is the input."""
    return Crop(subject.model, tuple((0, n - 1) for n in units[0].place.lengths), units, subject.analysis)


def crop(subject: Subject, units: tuple[Unit, ...]) -> Crop:
    """A small window that all units of one tensor provably see nothing outside of, or the whole input.

    The units' fields first; with as much again on each side when positions are missing there (skips that are cut at both ends).
    """
    try:
        hull = _hull(units)
        if _saves(units[0].place, hull) and (cone := _cone(subject, units)):
            for margin in (0, 1):
                found = _attempt(subject, units, hull, margin, cone)
                if found is not None:
                    return found
    except RfonnxError:
        pass  # the graph does not take these lengths
    return whole(subject, units)


@dataclass(frozen=True, slots=True)
class Cone:
    """What units are computed by.

    Attributes:
        nodes: in topological order.
        tensors: those of them that depend on the input.
        steps: by axis of the input: the shift after which all tensors repeat.
    """

    nodes: list[Node]
    tensors: list[str]
    steps: dict[int, int]


def _cone(subject: Subject, units: tuple[Unit, ...]) -> Cone | None:
    """The units' cone, when every operator in it is equivariant and it has one input; else None."""
    place, graph, analysis = units[0].place, subject.graph, subject.analysis
    nodes, tensors = upstream(graph, units[0].tensor)
    if any(name != place.input and name in graph.inputs for name in tensors):
        return None  # other inputs would have to be cropped too
    if not all(alike(node) for node in nodes if not is_constant(node, graph)):
        return None
    seen = [name for name in tensors if name in analysis.tensors]
    return Cone(nodes, seen, {axis: _step(analysis, seen, place.input, axis) for axis in place.axes})


def _attempt(subject: Subject, units: tuple[Unit, ...], hull: Intervals, margin: int, cone: Cone) -> Crop | None:
    place, model, graph, analysis = units[0].place, subject.model, subject.graph, subject.analysis
    window = _window(place, hull, margin, cone.steps)
    if not _saves(place, window):
        return None
    shifts = {axis: lo for axis, (lo, hi), n in zip(place.axes, window, place.lengths, strict=True) if hi - lo + 1 < n}
    if not all(slides(analysis, name, place, shifts) for name in cone.tensors):
        return None
    made = [node for node in cone.nodes if node.outputs[0] in analysis.tensors]
    if not all(broadcasts(node, graph, analysis, place, shifts) for node in made):
        return None
    lengths = dict(zip(place.axes, (hi - lo + 1 for lo, hi in window), strict=True))
    shape = tuple(lengths.get(axis, n) for axis, n in enumerate(place.shape))
    light = model.rebound({place.input: shape}, weights=False)
    small, short = analyze(light.source, light.shapes), light.source.graph(light.shapes)
    if not same_program(graph, short, cone.nodes, upstream(short, units[0].tensor)[0]):
        return None
    needed = dict(zip(place.axes, hull, strict=True))
    ends = {axis for axis, (_, hi), n in zip(place.axes, window, place.lengths, strict=True) if hi == n - 1}
    if not all(shifted(analysis, small, name, place, shifts, needed, ends) for name in cone.tensors):
        return None
    inner = Place(place.input, shape, place.axes, place.at)
    moved = tuple(_moved(analysis, small, unit, inner, shifts) for unit in units)
    begin = tuple(lo for lo, _ in window)
    for unit, there in zip(units, moved, strict=True):
        if _plus(there.unbounded, begin) != unit.unbounded or _plus(there.field, begin) != unit.field:
            return None
    return Crop(model.with_weights(light), window, moved, small)


def _hull(units: tuple[Unit, ...]) -> Intervals:
    """What the units see, with and without borders: what is mirrored at a border may lie outside the unbounded field."""
    both = [(*unit.unbounded, *unit.field) for unit in units]
    rank = len(units[0].field)
    return tuple(
        (min(min(one[i][0], one[i + rank][0]) for one in both), max(max(one[i][1], one[i + rank][1]) for one in both))
        for i in range(rank)
    )


def _window(place: Place, hull: Intervals, margin: int, steps: dict[int, int]) -> Intervals:
    """The hull and `margin` times as much on each side, begun and (where it can be) ended on a multiple of the steps."""
    window = []
    for axis, (lo, hi), length in zip(place.axes, hull, place.lengths, strict=True):
        step, extra = steps[axis], margin * (hi - lo + 1)
        first = max(lo - extra, 0) // step * step
        # At least two steps: an axis of length 1 walks nowhere, and proves nothing.
        last = first + max(2, -(-(hi + extra + 1 - first) // step)) * step - 1
        window.append((first, length - 1 if hi + extra >= length - 1 else min(last, length - 1)))
    return tuple(window)


def _saves(place: Place, window: Intervals) -> bool:
    held = prod(min(hi, n - 1) - max(lo, 0) + 1 for (lo, hi), n in zip(window, place.lengths, strict=True))
    return held <= WORTHWHILE * prod(place.lengths)


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

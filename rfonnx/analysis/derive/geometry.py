"""How the cells of a tensor lie on an input, read off the unbounded intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from rfonnx.analysis.derive.analysed import Fields, hull
from rfonnx.errors import QueryError, ShapeError
from rfonnx.results.fields import AxisField, ModelInfo, Shape
from rfonnx.results.geometry import AxisGeometry, Geometry, Located
from rfonnx.results.reads import Reads

LINED = ("local", "periodic")
"""Kinds of fields whose centres lie in a line."""


class Placed(Fields, Protocol):
    """An analysis that also answers for single positions; `rfonnx.Analysis` is one."""

    @property
    def model(self) -> ModelInfo: ...
    def box(
        self, tensor: str, position: Sequence[int], clip: bool = True
    ) -> Mapping[str, tuple[tuple[int, int], ...]] | None:
        """As `rfonnx.Analysis.box`."""
        ...

    def shares(self, tensor: str, position: Sequence[int], input: str) -> Reads:
        """As `rfonnx.Analysis.shares`."""
        ...


def geometry(analysis: Placed, tensor: str, input: str | None) -> Geometry:
    """See `Analysis.geometry`."""
    held = analysis.tensors[tensor]
    if input is not None and input not in analysis.inputs:
        known = ", ".join(f"'{name}'" for name in analysis.inputs)
        raise QueryError(f"{analysis.model.name}: there is no input '{input}'", f"the inputs are {known}")
    seen = list(dict.fromkeys(name for (name, _), field in held.fields.items() if field.kind != "none"))
    if input is None and len(seen) != 1:
        said = "sees no input" if not seen else f"sees {len(seen)} inputs"
        raise QueryError(f"{analysis.model.name}: '{tensor}' {said}", "say which with input=, or --input")
    name = seen[0] if input is None else input
    axes, others = [], {}
    for (given, axis), field in held.fields.items():
        if given != name:
            continue
        lined = field.kind in LINED and field.tensor_axis is not None
        made = _along(analysis, tensor, name, axis, field) if lined else None
        if made is not None:
            axes.append(made)
        else:
            others[axis] = "block" if lined else field.kind
    shape, whole = _known(analysis, tensor, held.shape), _known(analysis, name, analysis.input_shapes[name])
    return Geometry(tensor, name, shape, whole, held.exact, tuple(axes), others)


def _known(analysis: Placed, name: str, shape: Shape) -> tuple[int, ...]:
    if shape is None or None in shape:
        raise ShapeError(f"{analysis.model.name}: the shape of '{name}' depends on data", "ask for a tensor before it")
    return tuple(length or 0 for length in shape)


def _along(analysis: Placed, tensor: str, input: str, axis: int, field: AxisField) -> AxisGeometry | None:
    """The centres of one period, over all positions of other axes together; None: some have none."""
    shape = _known(analysis, tensor, analysis.tensors[tensor].shape)
    length = _known(analysis, input, analysis.input_shapes[input])[axis]
    walks = field.tensor_axis
    assert walks is not None
    count = min(field.period, shape[walks])
    marks = analysis.landmarks(tensor, input, axis)
    places = [slice(0, count) if i == walks else one.positions for i, one in enumerate(marks)]
    ends = analysis.intervals(tensor, input, axis, False, places)
    first, last = (np.moveaxis(part, walks, 0).reshape(count, -1) for part in ends)
    start, end = (part.ravel().tolist() for part in hull(first, last, (1,)))
    if any(a > b for a, b in zip(start, end, strict=True)):
        return None  # a phase that reads nothing, such as the gaps of a transposed convolution
    varies = bool((first != first[:, :1]).any() or (last != last[:, :1]).any())
    centers = tuple(Fraction(a + b, 2) for a, b in zip(start, end, strict=True))
    sizes = tuple(b - a + 1 for a, b in zip(start, end, strict=True))
    made = AxisGeometry(axis, walks, length, shape[walks], field.stride, centers, sizes, varies)
    return made if field.aligned or varies else made._replace(balance=_balance(analysis, tensor, input, made, shape))


def _balance(analysis: Placed, tensor: str, input: str, made: AxisGeometry, shape: tuple[int, ...]) -> float | None:
    """How far from the line equal weights balance, on the average of one period in the middle; None: that meets a border."""
    count = len(made.centers)
    first = made.cells // 2 // count * count
    apart = []
    for cell in range(first, min(first + count, made.cells)):
        position = tuple(cell if axis == made.tensor_axis else length // 2 for axis, length in enumerate(shape))
        boxes = [analysis.box(tensor, position, clip) or {} for clip in (True, False)]
        if input not in boxes[0] or boxes[0][input][made.axis] != boxes[1][input][made.axis]:
            return None
        line = made.stride * cell + made.offset
        near = int(line)  # sums are of small numbers, however far from the first position that lies
        apart.append(analysis.shares(tensor, position, input).along((made.axis,)).mean(near) - float(line - near))
    return sum(apart) / len(apart)


def locate(analysis: Placed, tensor: str, cell: Sequence[int], input: str | None) -> tuple[Located, ...]:
    """See `Analysis.locate`."""
    lies = geometry(analysis, tensor, input)
    place = _place(analysis, lies, cell)
    axes = sorted([*(one.axis for one in lies.axes), *lies.others])
    clipped, free = (_hulls(analysis, lies, axes, place, clip) for clip in (True, False))
    return tuple(
        Located(axis, first, last, Fraction(low + high, 2), high - low + 1)
        for axis, (first, last), (low, high) in zip(axes, clipped, free, strict=True)
    )


def walked(lies: Geometry, analysis: Placed) -> tuple[int, ...]:
    """Axes of the tensor, longer than 1, along which cells see other positions of the input."""
    fields = analysis.tensors[lies.tensor].fields
    walks = {field.tensor_axis for (name, _), field in fields.items() if name == lies.input}
    return tuple(axis for axis, length in enumerate(lies.shape) if axis in walks and length > 1)


def _place(analysis: Placed, lies: Geometry, cell: Sequence[int]) -> tuple[int | None, ...]:
    """An index per axis of the tensor; None: all of them together."""
    axes = tuple(range(len(lies.shape))) if len(cell) == len(lies.shape) else walked(lies, analysis)
    shape = "x".join(map(str, lies.shape))
    if len(cell) != len(axes):
        raise QueryError(
            f"{analysis.model.name}: cell {tuple(cell)} of '{lies.tensor}' of shape {shape} has {len(cell)} indices",
            f"give one for each of its axes, or for axes {', '.join(map(str, axes))} alone"
            if axes
            else "give one per axis",
        )
    place: list[int | None] = [None] * len(lies.shape)
    for axis, index in zip(axes, cell, strict=True):
        length = lies.shape[axis]
        if not -length <= index < length:
            raise QueryError(
                f"{analysis.model.name}: '{lies.tensor}' of shape {shape} has {length} cells along axis {axis}, "
                f"and no cell {index}",
                f"give 0 to {length - 1}",
            )
        place[axis] = index % length
    return tuple(place)


def _hulls(
    analysis: Placed, lies: Geometry, axes: Sequence[int], place: tuple[int | None, ...], clip: bool
) -> list[tuple[int, int]]:
    """By axis, from the first to the last position that the cell reads; (0, -1): none."""
    told = [analysis.landmarks(lies.tensor, lies.input, axis) for axis in axes]
    positions = [
        np.unique(np.concatenate([marks[i].positions for marks in told])) if at is None else np.array([at])
        for i, at in enumerate(place)
    ]
    ends = [analysis.intervals(lies.tensor, lies.input, axis, clip, positions) for axis in axes]
    reads = np.logical_and.reduce([lo <= hi for lo, hi in ends])
    if not reads.any():
        return [(0, -1)] * len(axes)
    return [(int(lo[reads].min()), int(hi[reads].max())) for lo, hi in ends]

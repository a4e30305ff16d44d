"""How the field grows along the depth of a model: one curve per input, and per axis where axes grow apart.

A point is a layer at which the field changes; `growth_svg` draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rfonnx.report.document import Line, Name, number, size
from rfonnx.report.fields.view import Axes
from rfonnx.report.network.drawn import Drawn
from rfonnx.results.fields import AxisField, Kind
from rfonnx.results.operations import Family
from rfonnx.results.plain import axes_text, percent

POINTS = 1500
"""Most points of a curve; the middle ones are thinned."""


class Point(NamedTuple):
    """A layer at which the field changes.

    Attributes:
        tensor: its number in the order of the analysis, which is the depth.
        field: along the first of the curve's axes.
        whole: it, or the operator that makes it, takes the whole axis into each position.
    """

    tensor: int
    name: str
    op_type: str
    family: Family
    field: AxisField
    exact: bool
    whole: bool


class Curve(NamedTuple):
    """The growth along axes of an input, along which all fields are alike.

    Attributes:
        length: of the input along these axes.
        depth: how many tensors there are.
        changes: how many of them changed the field; more than there are points when it was thinned.
    """

    input: str
    axes: tuple[int, ...]
    length: int | None
    depth: int
    changes: int
    points: tuple[Point, ...]


def curves(source: Drawn, axes: Axes) -> tuple[Curve, ...]:
    """The curves of a model: by input and by axes that grow alike; none of what no tensor sees."""
    families = {tensor: operation.family for operation in source.operations for tensor in operation.tensors}
    whole = set(source.globals)
    made = []
    for name, numbers in axes.items():
        alike: dict[tuple[object, ...], list[int]] = {}
        for axis in numbers:
            sizes = (tensor.fields.get((name, axis)) for tensor in source.tensors.values())
            length = (source.input_shapes.get(name) or ())[axis]
            key = (length, *((field.size, field.kind) if field else () for field in sizes))
            alike.setdefault(key, []).append(axis)
        for same in alike.values():
            points = tuple(_points(source, name, same[0], families, whole))
            if points:
                length = (source.input_shapes.get(name) or ())[same[0]]
                made.append(Curve(name, tuple(same), length, len(source.tensors), len(points), _thinned(points)))
    return tuple(made)


def _points(
    source: Drawn, name: str, axis: int, families: dict[str, Family], whole: set[tuple[str, str, int]]
) -> Iterator[Point]:
    before: tuple[int, int, Kind, bool] | None = None
    for index, tensor in enumerate(source.tensors.values()):
        field = tensor.fields.get((name, axis))
        if field is None or field.kind == "none":
            continue
        now = (field.size, field.size_min, field.kind, tensor.exact)
        taken = (tensor.name, name, axis) in whole
        if now != before or taken:
            family = families[tensor.name]
            everything = taken or field.kind == "global"
            yield Point(index, tensor.name, tensor.op_type, family, field, tensor.exact, everything)
        before = now


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """At most `POINTS`, evenly from the first to the last."""
    if len(points) <= POINTS:
        return points
    return tuple(points[round(i * (len(points) - 1) / (POINTS - 1))] for i in range(POINTS))


def told(point: Point) -> Line:
    """What is said of a point."""
    at_most = "" if point.exact else "at most "
    field = point.field
    words = (
        f": {at_most}{size(field)}, stride {number(field.stride)}, {percent(field.coverage)} of the input, {field.kind}"
    )
    return (Name(point.name), " (", Name(point.op_type), ")", words)


def caption(curve: Curve) -> Line:
    """The line above a curve."""
    thinned = f", {len(curve.points)} of them drawn" if len(curve.points) < curve.changes else ""
    return (
        "Field along ",
        axes_text(curve.axes),
        " of ",
        Name(curve.input),
        f": {curve.changes} of {curve.depth} layers change it{thinned}",
    )

"""How the field grows along the depth of a model: one curve per input, and per axis where fields along axes are not alike.

A point is a layer at which the field changes; `growth_svg` draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.document import Line, Name, number, shared, size
from rfonnx.report.fields.view import Axes, seen
from rfonnx.report.network.drawn import Drawn
from rfonnx.results.fields import AxisField, Kind
from rfonnx.results.operations import Family
from rfonnx.results.plain import axes_text, percent
from rfonnx.system.named import NamedTuple

POINTS = 1500
"""Most points of a curve; the middle ones are thinned."""


class Point(NamedTuple):
    """A layer at which the field changes.

    Attributes:
        tensor: its number in the order of the analysis, which is the depth.
        fields: along the curve's axes; their sizes and kinds are alike.
        whole: it, or the operator that makes it, takes the whole axis into each position.
    """

    tensor: int
    name: str
    op_type: str
    family: Family
    fields: tuple[AxisField, ...]
    exact: bool
    whole: bool

    @property
    def size(self) -> int:
        """Of the field, along each of the axes."""
        return self.fields[0].size


class Curve(NamedTuple):
    """The growth along axes of an input, along which all fields have the same sizes and kinds.

    Attributes:
        lengths: of the input along these axes; None where that is open.
        depth: how many tensors there are.
        changes: how many of them changed the field; more than there are points when it was thinned.
    """

    input: str
    axes: tuple[int, ...]
    lengths: tuple[int | None, ...]
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
            fields = (tensor.fields.get((name, axis)) for tensor in source.tensors.values())
            key = tuple((field.size, field.size_min, field.kind) if field else () for field in fields)
            alike.setdefault(key, []).append(axis)
        shape = source.input_shapes.get(name) or ()
        for same in alike.values():
            points = tuple(_points(source, name, same, families, whole))
            if points:
                lengths = tuple(shape[axis] for axis in same)
                made.append(Curve(name, tuple(same), lengths, len(source.tensors), len(points), _thinned(points)))
    return tuple(made)


def _points(
    source: Drawn, name: str, axes: Sequence[int], families: dict[str, Family], whole: set[tuple[str, str, int]]
) -> Iterator[Point]:
    before: tuple[int, int, Kind, bool] | None = None
    for index, tensor in enumerate(source.tensors.values()):
        fields = seen(tensor, name, axes)
        if not fields:
            continue
        now = (fields[0].size, fields[0].size_min, fields[0].kind, tensor.exact)
        taken = any((tensor.name, name, axis) in whole for axis in axes)
        if now != before or taken:
            everything = taken or fields[0].kind == "global"
            yield Point(
                index, tensor.name, tensor.op_type, families[tensor.name], tuple(fields), tensor.exact, everything
            )
        before = now


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """At most `POINTS`, evenly from the first to the last."""
    if len(points) <= POINTS:
        return points
    return tuple(points[round(i * (len(points) - 1) / (POINTS - 1))] for i in range(POINTS))


def told(point: Point) -> Line:
    """What is said of a point."""
    at_most = "" if point.exact else "at most "
    fields = point.fields
    stride = shared([number(field.stride) for field in fields])
    coverage = shared([percent(field.coverage) for field in fields])
    words = f": {at_most}{size(fields[0])}, stride {stride}, {coverage} of the input, {fields[0].kind}"
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

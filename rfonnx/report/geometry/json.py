"""Where a cell of a tensor lies on an input, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypedDict

from rfonnx.report.data import as_json
from rfonnx.report.geometry.people import placed
from rfonnx.report.geometry.placing import placing_call
from rfonnx.results.geometry import Geometry, Located
from rfonnx.results.plain import plain


class LineRow(TypedDict):
    """The line that is nearest to the centres of cells along one axis.

    Attributes:
        axis: of the input.
        offset: the line is `stride * cell + offset`.
        deviation: how far a centre lies from it at most.
    """

    axis: int
    offset: Fraction
    deviation: Fraction


class LocatedRow(TypedDict):
    """Where a cell of a tensor lies on an input: the JSON of `rfonnx locate`.

    Attributes:
        geometry: the tensor on the input.
        lines: for each of its axes the line `stride * cell + offset`.
        cell: the indices that were asked for.
        found: where that cell lies, by axis of the input.
        call: of scipy, that lays a map of cells over the input; empty where cells lie in no line.
    """

    geometry: Geometry
    lines: list[LineRow]
    cell: list[int]
    found: Sequence[Located]
    call: str


def locate_json(lies: Geometry, cell: tuple[int, ...], found: Sequence[Located]) -> Iterator[str]:
    """One JSON object."""
    axes = placed(lies)
    document = {
        "geometry": plain(lies),
        "lines": plain([LineRow(axis=one.axis, offset=one.offset, deviation=one.deviation) for one in lies.axes]),
        "cell": list(cell),
        "found": plain(found),
        "call": placing_call(axes) if axes else "",
    }
    return as_json(document)

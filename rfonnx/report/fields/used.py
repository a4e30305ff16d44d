"""How much of a field an effective field that was measured uses: by axis, the shortest stretch that holds most of its mass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rfonnx.report.document import Line, Name
from rfonnx.report.fields.view_source import Source
from rfonnx.results.advice import USED_MASS, Used
from rfonnx.results.map_figures import stretches
from rfonnx.results.plain import axes_text, counted, percent, position_text

if TYPE_CHECKING:
    from rfonnx.report.explorer.measured_field import MeasuredField

SMALL = 0.5
"""Share of a field, in positions along all axes, below which what is used is little."""


def used_lines(source: Source, measured: Sequence[MeasuredField]) -> Iterator[Line]:
    """The measured units that use less than `SMALL` of their field. It is what was measured, and no proof."""
    for one in used(source, measured):
        if one.share < SMALL:
            at_most = "" if one.exact else "at most "
            parts, held = ("x".join(map(str, lengths)) for lengths in (one.used, one.field))
            yield (
                f"position {position_text(one.position)} of ",
                Name(one.tensor),
                f" uses less than half of its field, as measured on {counted(one.samples, 'sample')}: by axis {one.mass:.0%} of",
                f" the mass lies on {parts} of {at_most}{held} positions along {axes_text(one.axes)} of ",
                Name(one.input),
                f" ({percent(one.share)} of them)",
            )


def used(source: Source, measured: Sequence[MeasuredField]) -> Iterator[Used]:
    """What each measured unit uses of its field; nothing of one that no mass was measured of."""
    for one in measured:
        fields = tuple(_length(source, one, axis) for axis in one.axes)
        if not one.map.any() or not all(fields):
            continue
        parts = stretches(one.map, USED_MASS)
        share = float(np.prod(parts) / np.prod(fields))
        exact = source.tensors[one.tensor].exact
        yield Used(one.tensor, one.position, one.input, one.axes, one.samples, USED_MASS, parts, fields, share, exact)


def _length(source: Source, one: MeasuredField, axis: int) -> int:
    """Positions of the input axis that lie in the unit's field; of several units that are summed, in any of their fields."""
    lo, hi = source.intervals(one.tensor, input=one.input, axis=axis)
    index = tuple(
        slice(None) if at is None or n == 1 else slice(at, at + 1) for at, n in zip(one.position, lo.shape, strict=True)
    )
    lo, hi = lo[index], hi[index]
    read = lo <= hi
    return int(hi[read].max() - lo[read].min() + 1) if read.any() else 0

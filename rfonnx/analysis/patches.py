"""Values of positions, out of the patches that the core gives: boxes, with nothing outside of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from rfonnx.results.reads import MOST_POSITIONS, Grid, Patch, Reads, taken
from rfonnx.results.sides import Span, block, overlaid, whole

if TYPE_CHECKING:
    from rfonnx._core import Result

Scalar = TypeVar("Scalar", np.bool_, np.float64)

Spans = Sequence[tuple[int, int, int]]
"""Of an axis: (first, length, period)."""

Patches = Sequence[tuple[Sequence[Spans], npt.NDArray[np.generic]]]


def laid_out(reads: Reads, kind: type[Scalar]) -> npt.NDArray[Scalar]:
    """The sum of all patches by position; of truth values, whether any holds one.

    >>> patches = [([[(1, 2, 1)]], np.array([1])), ([[(0, 4, 2)]], np.array([1, 0]))]
    >>> laid_out(reads_of(patches, (4,), np.float64), np.float64).tolist()
    [1.0, 1.0, 2.0, 0.0]

    Raises:
        ValueError: there are too many positions.
    """
    if math.prod(reads.shape) > MOST_POSITIONS:
        raise ValueError(
            "too many positions to lay out; ask `reads` or `shares`, which give boxes, or bind a smaller input shape"
        )
    whole: npt.NDArray[Scalar] = np.zeros(reads.shape, kind)
    for patch in reads.patches:
        box = tuple(slice(side[0].first, side[-1].end) for side in patch.sides)
        ends = [(part.start, part.stop - 1) for part in box]
        whole[box] += Grid(reads.shape, patch.sides, patch.values).part(ends)
    return whole


def reads_of(patches: Patches, shape: Sequence[int], kind: type[np.bool_ | np.float64]) -> Reads:
    """What the core gives, as boxes of positions of a tensor of that shape."""
    return Reads(
        tuple(shape),
        tuple(
            Patch(tuple(tuple(Span(*span) for span in spans) for spans in sides), values.astype(kind))
            for sides, values in patches
        ),
    )


def seeing(
    result: Result, source: int, columns: Sequence[int], origin: Sequence[int], shape: Sequence[int]
) -> tuple[Reads, tuple[int, ...]]:
    """See `Analysis.seeing`."""
    alike = tuple(whole(length) for length in shape)
    seen = Patch(alike, np.ones((1,) * len(shape), np.bool_))
    differs: set[int] = set()
    for column, at in zip(columns, origin, strict=True):
        found = result.holding(source, column, at)
        if found is None:
            lo, hi = result.intervals(source, column, True, ())
            holds = (lo <= at) & (at <= hi)
            walked = [axis for axis, length in enumerate(holds.shape) if length > 1]
            sides = tuple(block(0, n) if axis in walked else whole(n) for axis, n in enumerate(shape))
        else:
            axis, spans, values = found
            walked = [axis] if axis >= 0 else []
            holds = values.astype(bool).reshape([-1 if axis in walked else 1 for axis in range(len(shape))])
            side = tuple(Span(*span) for span in spans)
            sides = tuple(side if axis in walked else whole(n) for axis, n in enumerate(shape))
        differs.update(walked)
        seen = _both(seen, Patch(sides, holds))
    return Reads(tuple(shape), (seen,)), tuple(sorted(differs))


def _both(one: Patch, other: Patch) -> Patch:
    """The positions that two patches have."""
    laid = [overlaid(sides) for sides in zip(one.sides, other.sides, strict=True)]
    mine, theirs = one.values, other.values
    for axis, (_, (here, there)) in enumerate(laid):
        mine, theirs = taken(mine, axis, here), taken(theirs, axis, there)
    return Patch(tuple(side for side, _ in laid), mine & theirs)

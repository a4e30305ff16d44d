"""What parts of an output see of an input beside themselves: the halo of a tile that begins and ends on the grid."""

from __future__ import annotations

import numpy as np

from rfonnx.analysis.derive.analysed import Fields, Pair, hull, length_of
from rfonnx.errors import ShapeError
from rfonnx.results.array_types import Int64
from rfonnx.results.fields import ShiftFact


def along(fields: Fields, output: str, axis: int, pair: Pair, clip: bool) -> tuple[Int64, Int64]:
    """Hull of what positions along one axis of an output see of one axis of an input; `hi < lo` where that is nothing.

    Returns:
        lo, hi: int64, of the length of the output's axis.
    """
    length = (fields.tensors[output].shape or ())[axis] or 0
    lo, hi = _together(fields.intervals(output, *pair, clip=clip), axis)
    return np.broadcast_to(lo, length), np.broadcast_to(hi, length)


def _together(ends: tuple[Int64, Int64], axis: int) -> tuple[Int64, Int64]:
    """Positions of all axes but one taken together."""
    lo, hi = hull(*ends, tuple(i for i in range(ends[0].ndim) if i != axis))
    return lo.reshape(-1), hi.reshape(-1)


def beside(
    fields: Fields, output: Pair, moved: int, pair: Pair, step: int, steps: int, inner: tuple[int, int]
) -> tuple[int, int]:
    """How far parts on a grid see beyond themselves, in positions of the input.

    A part begins and ends with a step. What is really read tells, if there is a step that no border reaches; else a step in the
    middle, unclipped, tells what it would read without borders. The latter may be more: a row that is laid out by itself has
    borders of its own, at any size.

    Args:
        output: and its axis, of which `moved` positions are a step.
        pair: the input and its axis, of which `step` are one, and which has `steps` of them.
        inner: first and last position of the output that no border reaches.
    """
    name, axis = output
    before = after = 0
    whole_step = -(-inner[0] // moved) < (inner[1] + 1) // moved
    first, behind = (
        steps // 2 * moved,
        (steps // 2 + 1) * moved,
    )  # a step in the middle, where no border is extrapolated
    marks = fields.landmarks(name, *pair, axis, moved, ((steps - 1) * moved, first, behind))
    positions = [one.positions for one in marks]
    for clip in (True,) if whole_step else (False, True):
        lo, hi = _together(fields.intervals(name, *pair, clip, positions), axis)
        places = positions[axis]
        begin = np.minimum(places // moved, steps - 1) * step
        read = (lo <= hi) & (clip | (first <= places) & (places < behind))
        before = max(before, int((begin - lo)[read].max(initial=0)))
        after = max(after, int((hi - begin - step + 1)[read].max(initial=0)))
    return before, after


def with_halo(fields: Fields, output: str, fact: ShiftFact) -> ShiftFact:
    """The fact, with what parts on its grid see beside themselves, if they move and nothing is taken together."""
    length = length_of(fields, (fact.input, fact.axis))
    step, own, inner = fact.period, fact.tensor_axis, fact.positions
    still = fact.shift <= 0 or fact.room
    if still or step is None or own is None or inner is None or output not in fields.tensors:
        return fact
    try:
        halo = beside(fields, (output, own), fact.shift, (fact.input, fact.axis), step, length // step, inner)
    except ShapeError:  # a step of more positions than are looked at: rows of an hour laid end to end
        return fact
    return fact._replace(halo=halo)

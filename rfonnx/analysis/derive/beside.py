"""What parts of an output see of an input beside themselves: the halo of a tile that begins and ends on the grid."""

from __future__ import annotations

import numpy as np

from rfonnx.analysis.derive.analysed import Fields, Int64, hull
from rfonnx.results.fields import ShiftFact

Pair = tuple[str, int]
"""An input, or an output, and one of its axes."""


def along(fields: Fields, output: str, axis: int, pair: Pair, clip: bool) -> tuple[Int64, Int64]:
    """Hull of what positions along one axis of an output see of one axis of an input; `hi < lo` where that is nothing.

    Returns:
        lo, hi: int64, of the length of the output's axis.
    """
    shape = fields.tensors[output].shape or ()
    lo, hi = fields.intervals(output, *pair, clip=clip)
    lo, hi = hull(lo, hi, tuple(i for i in range(lo.ndim) if i != axis))
    length = shape[axis] or 0
    return np.broadcast_to(lo.reshape(-1), length), np.broadcast_to(hi.reshape(-1), length)


def beside(
    fields: Fields, output: Pair, moved: int, pair: Pair, step: int, steps: int, inner: tuple[int, int]
) -> tuple[int, int]:
    """How far parts on a grid see beyond themselves, in positions of the input, from the tables.

    A part begins and ends with a step. What is really read tells, if there is a step that no border reaches; else a step in the
    middle, unclipped, tells what it would read without borders. The latter may be more: a row that is laid out by itself has
    borders of its own, at any size.

    Args:
        output: and its axis, of which `moved` positions are a step.
        pair: the input and its axis, of which `step` are one, and which has `steps` of them.
        inner: first and last position of the output that no border reaches.
    """
    before = after = 0
    whole_step = -(-inner[0] // moved) < (inner[1] + 1) // moved
    for clip in (True,) if whole_step else (False, True):
        lo, hi = along(fields, *output, pair, clip)
        places = np.arange(len(lo))
        if not clip:  # a step in the middle, where no border is extrapolated
            at = slice(steps // 2 * moved, (steps // 2 + 1) * moved)
            places, lo, hi = places[at], lo[at], hi[at]
        begin = np.minimum(places // moved, steps - 1) * step
        read = lo <= hi
        before = max(before, int((begin - lo)[read].max(initial=0)))
        after = max(after, int((hi - begin - step + 1)[read].max(initial=0)))
    return before, after


def with_halo(fields: Fields, output: str, fact: ShiftFact) -> ShiftFact:
    """The fact, with what parts on its grid see beside themselves, if they move and nothing is taken together."""
    length = (fields.input_shapes[fact.input] or ())[fact.axis] or 0
    step, own, inner = fact.period, fact.tensor_axis, fact.positions
    still = fact.shift <= 0 or fact.room
    if still or step is None or own is None or inner is None or output not in fields.tensors:
        return fact
    halo = beside(fields, (output, own), fact.shift, (fact.input, fact.axis), step, length // step, inner)
    return fact._replace(halo=halo)

"""What a unit sees of the input, position by position: its field without the holes."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, prod

import numpy as np

from rfonnx.effective.subject import Subject
from rfonnx.effective.unit import Unit
from rfonnx.results.array_types import Mask

STILL = 64
"""Channels in a row that add nothing to what a unit sees before the others are taken to add nothing either."""


def seen_by(subject: Subject, unit: Unit) -> Mask:
    """Positions of the input that a unit sees, by structure; of the map's shape.

    A unit that is summed over channels sees what any of them sees. Channels are asked, spread over all, until nothing of the
    field's box is left, or 64 in a row add nothing.
    """
    place = unit.place
    rest = tuple(a for a in range(len(place.shape)) if a not in place.axes)
    left = np.zeros(place.lengths, np.bool_)
    left[tuple(slice(max(lo, 0), hi + 1) for lo, hi in unit.field)] = True
    seen, still = np.zeros_like(left), 0
    for position in _spread(unit):
        mask = np.asarray(subject.analysis.support(unit.tensor, position, place.input).any(axis=rest))
        still = 0 if (mask & ~seen).any() else still + 1
        seen |= mask
        if still >= STILL or not (left & ~seen).any():
            break
    return seen


def _spread(unit: Unit) -> Iterator[tuple[int, ...]]:
    """The tensor's positions that the unit is summed over, in an order whose beginning is spread over all."""
    lengths = [n if index is None else 1 for n, index in zip(unit.shape, unit.position, strict=True)]
    count = prod(lengths)
    step = next(s for s in range(max(1, int(0.618 * count)), count + 2) if gcd(s, count) == 1)
    for number in range(count):
        offsets = np.unravel_index(number * step % count, lengths) if lengths else ()
        yield tuple(int(offset) + (index or 0) for offset, index in zip(offsets, unit.position, strict=True))

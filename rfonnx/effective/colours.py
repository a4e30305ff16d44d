"""Which positions of an input may be probed in one run: those that no measured unit sees two of.

Curtis, Powell and Reid 1974: columns of a sparse Jacobian that share no row are estimated together. Here a column is a
position (or block) of the input, a row a unit, and the theoretical fields say where the Jacobian can be non-zero. Fields are
boxes, so each axis is coloured by itself and a run takes one colour of every axis: two positions of one run differ along some
axis, and along that one no unit sees both.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from rfonnx.results.array_types import Int64


def colour_axis(places: Sequence[int], fields: Sequence[tuple[int, int]]) -> list[int]:
    """A colour per place, such that no field holds two places of one colour. As few as can be.

    Args:
        places: positions along the axis, ascending.
        fields: closed intervals along the axis, one per unit.

    >>> colour_axis([0, 1, 2, 3, 4, 5], [(0, 2), (3, 5)])
    [0, 1, 2, 0, 1, 2]
    """
    reach = _reach(places, fields)
    colours: list[int] = []
    free: list[tuple[int, int]] = []  # (last position that its latest place shares a field with, colour)
    for place, end in zip(places, reach, strict=True):
        if free and free[0][0] < place:
            colour = heappop(free)[1]
        else:
            colour = len(free)
        colours.append(colour)
        heappush(free, (end, colour))
    return colours


def _reach(places: Sequence[int], fields: Sequence[tuple[int, int]]) -> list[int]:
    """By place: the largest position in a field with it; the place itself when it is in none."""
    ordered = sorted(set(fields))
    reach, best, index = [], -1, 0
    for place in places:
        while index < len(ordered) and ordered[index][0] <= place:
            best = max(best, ordered[index][1])
            index += 1
        reach.append(max(best, place))
    return reach


def seen_by_colour(places: Sequence[int], colours: Sequence[int], fields: Sequence[tuple[int, int]]) -> Int64:
    """(units, colours): index of the one place of that colour that the unit sees, or -1."""
    count = max(colours, default=-1) + 1
    table = np.full((len(fields), count), -1, np.int64)
    array = np.asarray(places, np.int64)
    for unit, (lo, hi) in enumerate(fields):
        for index in range(*np.searchsorted(array, [lo, hi + 1]).tolist()):
            table[unit, colours[index]] = index
    return table

"""What a unit can see, position by position, and the mass of a map that lies elsewhere."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.effective.unit import Unit
from rfonnx.results.array_types import Floats, Mask
from rfonnx.results.map_figures import trimmed


def supports(analysis: Analysis, unit: Unit) -> Iterator[Mask]:
    """Positions of the input that the unit sees, by structure: a mask of the map's shape per summed position (channel).

    The unit sees their union.
    """
    rest = tuple(a for a in range(len(unit.place.shape)) if a not in unit.place.axes)
    positions = (range(n) if p is None else (p,) for n, p in zip(unit.shape, unit.position, strict=True))
    for position in itertools.product(*positions):
        yield np.asarray(analysis.support(unit.tensor, position, unit.place.input).any(axis=rest))


def outside_share(analysis: Analysis, unit: Unit, values: Floats) -> float:
    """Mass of a map outside the positions that the unit can see, by structure; exact, not only outside the box.

    The supports are joined until nothing is left outside: mostly the first one holds all.
    """
    total = values.sum()
    if not total:
        return 0.0
    held, begin = trimmed(values)
    box = np.zeros(held.shape, np.bool_)
    box[tuple(slice(max(lo - b, 0), max(hi + 1 - b, 0)) for (lo, hi), b in zip(unit.field, begin, strict=True))] = True
    if held[~box].any():
        return float(held[~box].sum() / total)
    part = tuple(slice(b, b + n) for b, n in zip(begin, held.shape, strict=True))
    left = held > 0
    for seen in supports(analysis, unit):
        left &= ~seen[part]
        if not left.any():
            return 0.0
    return float(math.fsum(held[left]) / total)

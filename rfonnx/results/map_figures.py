"""What is measured on a map: shares of its mass by distance and by square, spread, entropy. Any number of axes.

A map is a float64 array >= 0. A centre is one coordinate per axis, in positions, whole or between two. Nothing here
needs the map to sum to 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float64]

SLAB = 64
"""Positions along the first axis that are looked at together: a map may be large, and distances are as many."""

LUO_THRESHOLD = 1 - 0.9545
"""Luo et al. 2016, section 4.1: a position counts when it has more than 1 - 95.45% of the centre's value (two sigmas)."""


def trimmed(values: Map) -> tuple[Map, tuple[int, ...]]:
    """The smallest box of a map that holds all its mass (a view), and where it begins. All of a map without mass.

    Most units see little of a large input: what is measured in the box takes no time and memory for the rest.

    >>> trimmed(np.array([0.0, 0.0, 3.0, 0.0, 1.0, 0.0]))
    (array([3., 0., 1.]), (2,))
    """
    begin = []
    for axis in range(values.ndim):
        held = np.flatnonzero(values.any(axis=tuple(a for a in range(values.ndim) if a != axis)))
        first, last = (int(held[0]), int(held[-1])) if held.size else (0, values.shape[axis] - 1)
        begin.append(first)
        values = values[(slice(None),) * axis + (slice(first, last + 1),)]
    return values, tuple(begin)


def mass_radius(values: Map, center: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Smallest Euclidean radius around the centre that holds each share of the mass, in positions.

    >>> mass_radius(np.array([1.0, 2.0, 1.0]), [1.0], [0.5, 0.9])
    [0.0, 1.0]
    """
    offsets = np.ix_(*(np.arange(n) - c for n, c in zip(values.shape, center, strict=True)))
    distances = np.sqrt(sum(o**2 for o in offsets)).ravel()
    order = np.argsort(distances, kind="stable")
    reached = np.cumsum(values.ravel()[order])
    # Rounding in the sum must not push the radius out by a ring.
    wanted = np.asarray(shares) * reached[-1] * (1 - 1e-12)
    found = np.searchsorted(reached, wanted)
    return [float(distances[order[min(i, len(order) - 1)]]) for i in found]


def stretches(values: Map, share: float) -> tuple[int, ...]:
    """Along each axis, how many neighbours hold at least a share of all mass, at the fewest: `shortest_stretch` of its sums."""
    axes = range(values.ndim)
    return tuple(shortest_stretch(values.sum(tuple(other for other in axes if other != axis)), share) for axis in axes)


def shortest_stretch(mass: Map, share: float) -> int:
    """How many neighbours hold at least a share of all mass, at the fewest.

    >>> shortest_stretch(np.array([1.0, 4.0, 4.0, 1.0]), 0.8)
    2
    """
    sums = np.concatenate([[0.0], np.cumsum(mass)])
    wanted = share * sums[-1] * (1 - 1e-12)
    ends = np.searchsorted(sums, sums[:-1] + wanted)  # the first end that holds enough, by begin
    held = ends <= len(mass)
    return int((ends - np.arange(len(mass)))[held].min())


def area_ratio(
    values: Map, center: Sequence[float], share: float, whole: Sequence[tuple[int, int]] | None = None
) -> float:
    """Positions of the smallest centred square (cube, interval) that holds more than `share` of the mass, over all positions.

    `whole`: of a map that was trimmed, where it began and ended, in positions of `values` (closed intervals).

    Ding et al. 2022 (RepLKNet), table 6: the square's side is odd, around the middle position; here around the position
    nearest to `center` (of two, the later), and cut off where it leaves the map. 1.0 when no square holds more.

    >>> area_ratio(np.ones((5, 5)), [2.0, 2.0], 0.2)
    0.36
    """
    ends = [(0, n - 1) for n in values.shape] if whole is None else whole
    middle = [lo + nearest(c - lo, hi - lo + 1) for c, (lo, hi) in zip(center, ends, strict=True)]
    # Positions by ring: the half side of the first square that holds them.
    away = np.ix_(*(np.abs(np.arange(n) - m) for n, m in zip(values.shape, middle, strict=True)))
    ring: npt.NDArray[np.int64] = np.zeros((), np.int64)
    for distance in away:
        ring = np.maximum(ring, distance)
    mass = np.cumsum(np.bincount(ring.ravel(), values.ravel()))
    enough = np.flatnonzero(mass > share * mass[-1])
    if not enough.size:
        return 1.0
    inside = [min(hi, m + enough[0]) - max(lo, m - enough[0]) + 1 for m, (lo, hi) in zip(middle, ends, strict=True)]
    return math.prod(map(int, inside)) / math.prod(hi - lo + 1 for lo, hi in ends)


def nearest(center: float, length: int) -> int:
    """The position nearest to a coordinate, the later of two, inside the axis.

    >>> nearest(111.5, 224), nearest(-3.0, 224)
    (112, 0)
    """
    return min(max(math.floor(center + 0.5), 0), length - 1)


def center_value(values: Map, center: Sequence[float]) -> float:
    """The value at the centre; the mean of the positions around it where it lies between positions."""
    around = []
    for c, n in zip(center, values.shape, strict=True):
        inside = min(max(c, 0), n - 1)
        around.append({math.floor(inside), math.ceil(inside)})
    return float(np.mean([values[p] for p in itertools.product(*around)]))


def luo_count(values: Map, center: Sequence[float]) -> float:
    """Positions with more than 4.55% of the centre's value (Luo et al. 2016); NaN when the centre has none."""
    middle = center_value(values, center)
    return float(np.count_nonzero(values > LUO_THRESHOLD * middle)) if middle > 0 else math.nan


def centroid(values: Map) -> tuple[float, ...]:
    """Centre of mass, one coordinate per axis."""
    total = values.sum()
    return tuple(
        float(np.arange(n) @ marginal / total) for n, marginal in zip(values.shape, marginals(values), strict=True)
    )


def covariance(values: Map) -> Map:
    """Covariance of the position under the map, (axes, axes), in positions squared."""
    total, middle = values.sum(), centroid(values)
    offsets = [np.arange(n) - m for n, m in zip(values.shape, middle, strict=True)]
    rank = values.ndim
    result = np.empty((rank, rank))
    for i, j in itertools.combinations_with_replacement(range(rank), 2):
        if i == j:
            moment = offsets[i] ** 2 @ marginal(values, (i,))
        else:
            moment = offsets[i] @ marginal(values, (i, j)) @ offsets[j]
        result[i, j] = result[j, i] = moment / total
    return result


def anisotropy(spread: Map) -> float:
    """Longest over shortest axis of the covariance's ellipse: 1 is round; infinite for a line, 1 for a point."""
    lengths = np.sqrt(np.clip(np.linalg.eigvalsh(spread), 0, None))
    if lengths[-1] == 0:
        return 1.0
    return float(lengths[-1] / lengths[0]) if lengths[0] > 1e-9 * lengths[-1] else math.inf


def entropy(values: Map) -> float:
    """Shannon entropy of the map in bits; 2 to its power is the number of positions that share the mass evenly."""
    shares = values[values > 0] / values.sum()
    return float(-(shares @ np.log2(shares)))


def radial_profile(values: Map, center: Sequence[float]) -> list[tuple[int, float, float, float]]:
    """By whole radius r: (r, positions with r <= distance < r + 1, their mean value, mass up to and with them)."""
    furthest = math.sqrt(sum(max(abs(c), abs(n - 1 - c)) ** 2 for n, c in zip(values.shape, center, strict=True)))
    count, mass = np.zeros(int(furthest) + 2, np.int64), np.zeros(int(furthest) + 2)
    rest = [np.arange(n) - c for n, c in zip(values.shape[1:], center[1:], strict=True)]
    for first in range(0, len(values), SLAB):
        part = values[first : first + SLAB]
        offsets = np.ix_(np.arange(first, first + len(part)) - center[0], *rest)
        radius = np.sqrt(sum(o**2 for o in offsets)).astype(np.int64).ravel()
        count += np.bincount(radius, minlength=len(count))
        mass += np.bincount(radius, part.ravel(), len(mass))
    within = np.cumsum(mass)
    rings = zip(range(len(count)), count, mass / np.maximum(count, 1), within, strict=True)
    return [(r, int(n), float(mean), float(total)) for r, n, mean, total in rings if n]


def highest_level(values: Map, share: float, of: Map | None = None) -> float:
    """The largest level such that the positions at or above it hold `share` of the mass: the level of a contour.

    `of` is the map whose mass counts; without it, `values` themselves.
    """
    order = np.argsort(values, axis=None)[::-1]
    reached = np.cumsum((values if of is None else of).ravel()[order])
    found = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))
    return float(values.ravel()[order[min(found, len(order) - 1)]])


def shortest_interval(values: Map, share: float) -> tuple[int, int]:
    """The shortest closed interval of a map of one axis that holds `share` of the mass; of several, the first that holds most.

    >>> shortest_interval(np.array([1.0, 0.0, 4.0, 5.0]), 0.9)
    (2, 3)
    """
    before = np.concatenate([[0.0], np.cumsum(values)])
    first = np.arange(len(values))
    # From each start, the first end by which enough was gathered; past the map where too little is left.
    end = np.searchsorted(before, before[:-1] + share * before[-1] * (1 - 1e-12))
    end = np.maximum(end, first + 1)
    enough = np.flatnonzero(end <= len(values))
    mass = before[end[enough]] - before[enough]
    best = enough[np.lexsort((-mass, end[enough] - enough))[0]]
    return int(best), int(end[best]) - 1


def marginals(values: Map) -> Iterable[Map]:
    """The map summed down to each of its axes."""
    return (marginal(values, (axis,)) for axis in range(values.ndim))


def marginal(values: Map, kept: tuple[int, ...]) -> Map:
    """The map summed down to some of its axes."""
    summed: Map = values.sum(axis=tuple(a for a in range(values.ndim) if a not in kept))
    return summed

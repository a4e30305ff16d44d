"""How maps of effective fields are shown, alike in pictures and in pages."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from rfonnx.results.effective import ERF
from rfonnx.results.map_figures import Map, marginal

SHARES = (0.5, 0.95)
"""Of the mass, that lines are drawn around."""

MARGIN = 0.08
"""Share of the field that is shown around it."""

SATURATED = 0.002
"""Share of the positions, the strongest, that may be beyond the colour scale."""

SMOOTHING = 0.15
"""Lines are those of the map blurred by this share of its sigma, which widens it by a hundredth: so that they are smooth."""


def planes(erf: ERF) -> Iterator[tuple[Map, tuple[int, int]]]:
    """The map summed down to each pair of its axes, the last two first."""
    for kept in reversed(list(itertools.combinations(range(erf.map.ndim), 2))):
        yield marginal(erf.map, kept), kept


def strongest(maps: Iterable[Map]) -> float:
    """The end of the colour scale of maps that share one."""
    held = [one[one > 0] for one in maps]
    return max((float(np.quantile(one, 1 - SATURATED)) for one in held if one.size), default=1.0)


def blur(plane: Map) -> Map:
    """Convolved along each axis with a Gaussian, so wide as `SMOOTHING` says; edges are repeated."""
    for axis, length in enumerate(plane.shape):
        weights = plane.sum(axis=1 - axis) / plane.sum()
        places = np.arange(length)
        width = SMOOTHING * float(np.sqrt(weights @ (places - weights @ places) ** 2))
        gap = float(np.median(np.diff(np.flatnonzero(weights)))) if np.count_nonzero(weights) > 1 else 1.0
        if gap > 1:  # dilation leaves holes: the contour is to go around them all
            width = max(width, 0.7 * gap)
        reach = min(length - 1, int(np.ceil(4 * width)))
        if reach == 0:
            continue
        offsets = np.arange(-reach, reach + 1)
        kernel = np.exp(-0.5 * (offsets / width) ** 2)
        wider = np.pad(plane, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        shifted = (np.take(wider, places + reach + offset, axis) for offset in offsets)
        plane = sum(k * part for k, part in zip(kernel / kernel.sum(), shifted, strict=True))
    return plane

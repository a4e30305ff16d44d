"""Effective fields side by side, as maps: how alike they are, and what of the one lies outside the other's theoretical field."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.results.array_types import Floats, Mask
from rfonnx.results.effective import ERF
from rfonnx.results.field_pairs import FieldMap

SMOOTHED = 0.02
"""Sigma of the Gaussian that maps are smoothed by before they are correlated, as a share of the input's length. What single
pixels weigh is decided by the roundings of all layers; where a unit looks is not. docs/decisions.md has the figures."""

DRAWN, DIGITS = 64, 4
"""Most cells of a map that is drawn, along an axis; and digits of its shares: they become colours."""

CELLS = 256
"""Cells per axis that maps are smoothed on: a tenth of the Gaussian's width and less."""


def figures(teacher: ERF, student: ERF, seen: Mask) -> dict[str, float]:
    """Both effective fields in figures, and how alike they are, in shares of the input.

    Args:
        teacher, student: neither is empty.
        seen: the positions of the student's input that its unit sees, by structure; of its map's shape.
    """
    a, b = teacher.map, resampled(student.map, teacher.map.shape)
    found: dict[str, float] = {}
    for side, one in (("teacher", teacher), ("student", student)):
        found[f"area_50_{side}"] = one.area_ratio(0.5)
        found[f"area_95_{side}"] = one.area_ratio(0.95)
        widths = [sigma / length for sigma, length in zip(one.sigma, one.map.shape, strict=True)]
        found[f"sigma_{side}"] = float(np.mean(widths))
    found["overlap_50"] = overlap(a, b, 0.5)
    found["overlap_95"] = overlap(a, b, 0.95)
    found["correlation"] = correlation(a, b)
    found["unseen_mass"] = outside(resampled(teacher.map, seen.shape), seen)
    return found


def field_map(erf: ERF) -> FieldMap:
    """A unit's map in few cells: a sum over each, so that no mass is lost."""
    axes = max(0, erf.map.ndim - 2)
    cells = np.atleast_2d(erf.map.sum(axis=tuple(range(axes))))
    for axis, length in enumerate(cells.shape):
        if length > DRAWN:
            cells = np.add.reduceat(cells, np.arange(DRAWN) * length // DRAWN, axis)
    rows = tuple(tuple(float(f"{value:.{DIGITS}g}") for value in row) for row in cells.tolist())
    return FieldMap(erf.map.shape[axes:], rows, erf.field[axes:])


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's correlation of two maps of one shape, both smoothed; of maps that are even everywhere, whether they are equal."""
    coarse = tuple(min(length, CELLS) for length in one.shape)
    a, b = (smoothed(resampled(values, coarse)) for values in (one, other))
    if np.ptp(a) <= 1e-9 * a.max() or np.ptp(b) <= 1e-9 * b.max():
        return float(np.allclose(a, b))
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def smoothed(values: Floats) -> Floats:
    """The map, every position's mass spread by a Gaussian; what would leave the map stays inside, so that none is lost."""
    for axis, length in enumerate(values.shape):
        at = np.arange(length)
        kernel = np.exp(-0.5 * ((at[:, None] - at[None, :]) / (SMOOTHED * length)) ** 2)
        kernel /= kernel.sum(axis=0)
        values = np.moveaxis(np.tensordot(kernel, values, (1, axis)), 0, axis)
    return values


def overlap(one: Floats, other: Floats, share: float) -> float:
    """Intersection over union of the smallest regions that hold a share of each map's mass."""
    a, b = region(one, share), region(other, share)
    return float((a & b).sum() / (a | b).sum())


def region(values: Floats, share: float) -> Mask:
    """The fewest positions that hold a share of the mass; of equal ones the first count."""
    order = np.argsort(-values, axis=None, kind="stable")
    held = np.cumsum(values.ravel()[order])
    count = int(np.searchsorted(held, share * held[-1] * (1 - 1e-12))) + 1
    inside = np.zeros(values.size, bool)
    inside[order[:count]] = True
    return inside.reshape(values.shape)


def outside(values: Floats, seen: Mask) -> float:
    """Share of a map's mass outside a mask."""
    return math.fsum(values[~seen]) / math.fsum(values.ravel())


def resampled(values: Floats, shape: tuple[int, ...]) -> Floats:
    """A map on another grid over the same extent; every position's mass is spread evenly over it, so that none is lost."""
    for axis, length in enumerate(shape):
        if values.shape[axis] != length:
            old = np.arange(values.shape[axis] + 1) / values.shape[axis]
            new = np.arange(length + 1) / length
            held = np.concatenate([np.zeros_like(values.take([0], axis)), np.cumsum(values, axis)], axis)
            rows = [np.interp(new, old, mass) for mass in np.moveaxis(held, axis, -1).reshape(-1, len(old))]
            made = np.array(rows).reshape(*(n for i, n in enumerate(values.shape) if i != axis), len(new))
            values = np.diff(np.moveaxis(made, -1, axis), axis=axis)
    return values

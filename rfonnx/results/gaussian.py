"""A Gaussian fitted to a map by least squares: height, centre, covariance; any number of axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.results.map_figures import Map, centroid, covariance, trimmed

ROUNDS = 100
TOLERANCE = 1e-10
FAR = 9.0
"""Beyond so many sigmas a Gaussian is less than 1e-17 of its height."""

MARGIN = 5.0
"""The fit looks at this many sigmas around the centroid: beyond them both map and Gaussian are all but empty."""


@dataclass(frozen=True, slots=True)
class GaussianFit:
    """`height * exp(-(x - mean)^T covariance^-1 (x - mean) / 2)`.

    Attributes:
        height: value at the mean; the map sums to 1.
        mean: one coordinate per axis.
        covariance: rows of the covariance matrix, in positions squared.
        sigma: standard deviation per axis.
        residual: what the fit leaves over, as a share: norm of the difference over the map's norm, over all positions.
            0 is a Gaussian; a box leaves about 0.3.
    """

    height: float
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    sigma: tuple[float, ...]
    residual: float


def fit_gaussian(values: Map) -> GaussianFit | None:
    """Fit by Levenberg-Marquardt, from the map's own moments.

    The unknowns are the height, the mean, and a triangular root L of the inverse covariance (L L^T), which keeps that
    positive. None when the map has no width along some axis: it has no Gaussian.
    """
    held, begin = trimmed(values)
    spread = covariance(held)
    if not np.all(np.isfinite(spread)) or np.linalg.eigvalsh(spread)[0] < 1e-6:
        return None
    middle = [c + b for c, b in zip(centroid(held), begin, strict=True)]
    window = _window(values, middle, spread)
    inside = values[window]
    points = np.stack([p.ravel() for p in np.indices(inside.shape)]).astype(np.float64)
    rank = values.ndim
    unknowns = np.concatenate(
        [[inside.max()], np.array(centroid(inside)), np.linalg.cholesky(np.linalg.inv(spread))[np.tril_indices(rank)]]
    )
    target = inside.ravel()
    scale = float(np.linalg.norm(target))

    damping, error = 1e-3, np.inf
    for _ in range(ROUNDS):
        model, jacobian = _model(unknowns, points, rank)
        rest = target - model
        error = float(np.linalg.norm(rest))
        normal, slope = jacobian @ jacobian.T, jacobian @ rest
        while damping < 1e12:
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-300), slope)
            tried = float(np.linalg.norm(target - _model(unknowns + step, points, rank, slopes=False)[0]))
            if tried < error:
                break
            damping *= 4
        else:
            break
        unknowns = unknowns + step
        damping = max(damping / 8, 1e-12)
        if error - tried <= TOLERANCE * scale:
            break
    return _result(values, unknowns, [part.start for part in window], rank)


def _result(values: Map, unknowns: Map, start: Sequence[int], rank: int) -> GaussianFit | None:
    root = _unpack(unknowns, rank)
    precision = root @ root.T
    if abs(np.linalg.det(precision)) < 1e-300:
        return None
    spread = np.linalg.inv(precision)
    mean = unknowns[1 : 1 + rank] + np.array(start)
    whole = np.concatenate([unknowns[:1], mean, unknowns[1 + rank :]])
    seen = _support(values, mean, np.sqrt(np.diag(spread)))
    inside = values[seen]
    points = np.stack([p.ravel() + s.start for p, s in zip(np.indices(inside.shape), seen, strict=True)])
    rest = inside.ravel() - _model(whole, points.astype(np.float64), rank, slopes=False)[0]
    return GaussianFit(
        float(unknowns[0]),
        tuple(map(float, mean)),
        tuple(tuple(map(float, row)) for row in spread),
        tuple(map(float, np.sqrt(np.diag(spread)))),
        float(np.linalg.norm(rest) / np.linalg.norm(inside)),
    )


def _support(values: Map, mean: Map, sigma: Map) -> tuple[slice, ...]:
    """The part outside of which the map is 0, and the Gaussian less than float64 resolves."""
    held, begin = trimmed(values)
    slices = []
    for n, first, length, m, s in zip(held.shape, begin, values.shape, mean, sigma, strict=True):
        reach = min(FAR * float(s), float(length)) + 1
        low, high = int(np.clip(m - reach, 0, length - 1)), int(np.clip(m + reach, 0, length - 1))
        slices.append(slice(min(first, low), max(first + n, high + 1)))
    return tuple(slices)


def _window(values: Map, center: Sequence[float], spread: Map) -> tuple[slice, ...]:
    """The part of the map that the fit looks at."""
    slices = []
    for middle, variance, length in zip(center, np.diag(spread), values.shape, strict=True):
        reach = MARGIN * float(np.sqrt(variance)) + 2
        slices.append(slice(max(0, int(middle - reach)), min(length, int(middle + reach) + 1)))
    return tuple(slices)


def _model(unknowns: Map, points: Map, rank: int, slopes: bool = True) -> tuple[Map, Map]:
    """Values at the points (axes, n), and their derivatives by each unknown, (unknowns, n)."""
    offsets = points - unknowns[1 : 1 + rank, None]
    root = _unpack(unknowns, rank)
    turned = root.T @ offsets
    shape = np.exp(-0.5 * (turned**2).sum(0))
    values = unknowns[0] * shape
    if not slopes:
        return values, values
    rows = [shape, *(values * (root @ turned))]
    rows += [-values * offsets[i] * turned[j] for i, j in zip(*np.tril_indices(rank), strict=True)]
    return values, np.stack(rows)


def _unpack(unknowns: Map, rank: int) -> Map:
    root = np.zeros((rank, rank))
    root[np.tril_indices(rank)] = unknowns[1 + rank :]
    return root

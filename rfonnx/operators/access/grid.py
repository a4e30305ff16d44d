"""Taps of GridSample on a grid that is known: which pixels each output reads."""

from __future__ import annotations

import itertools

import numpy as np

DOUBT = 1e-3
"""Share of a pixel by which float rounding may move a coordinate: within it both sides are counted."""


def grid_taps(
    grid: np.ndarray, spatial: tuple[int, ...], mode: str, padding: str, align_corners: bool
) -> tuple[list[np.ndarray], bool] | None:
    """Flat positions in an image of shape `spatial`, one array of shape `grid.shape[:-1]` per tap, -1 where a tap reads nothing.

    Formulas: the GridSample specification. The second value is False where rounding is in doubt, and more is counted.
    None for reflected padding, which is not followed.
    """
    if padding == "reflection" or not np.isfinite(grid).all():
        return None
    sure = True
    axes: list[list[np.ndarray]] = []
    for axis, n in enumerate(spatial):
        x = grid[..., len(spatial) - 1 - axis].astype(np.float64)  # the last coordinate is that of the first axis
        at = (x + 1) / 2 * (n - 1) if align_corners else ((x + 1) * n - 1) / 2
        if padding == "border":
            at = np.clip(at, 0, n - 1)
        at = np.clip(at, -4.0, n + 4.0)  # far outside is outside
        turn = 0.5 if mode == "nearest" else 0.0
        low, high = np.floor(at + turn - DOUBT).astype(np.int64), np.floor(at + turn + DOUBT).astype(np.int64)
        sure &= bool((low == high).all())
        before, behind = {"nearest": (0, 0), "linear": (0, 1), "cubic": (1, 2)}[mode]
        reads = [low + t for t in range(-before, behind + 1)]
        if not (low == high).all():
            reads.append(high + behind)
        if padding == "border":
            axes.append([np.clip(r, 0, n - 1) for r in reads])
        else:
            axes.append([np.where((r >= 0) & (r < n), r, -1) for r in reads])
    taps = []
    for combination in itertools.product(*axes):
        outside = np.logical_or.reduce([r < 0 for r in combination])
        flat = np.ravel_multi_index(tuple(np.maximum(r, 0) for r in combination), spatial)
        taps.append(np.where(outside, -1, flat))
    return taps, sure

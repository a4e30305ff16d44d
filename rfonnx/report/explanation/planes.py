"""The panels in which what a position reads is drawn: two axes of an input each, and the field again where it is small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from rfonnx.report.explanation.footprint import Footprint, Interval, Mask
from rfonnx.system.named import NamedTuple

ZOOMED = 0.45
"""A box that is shorter than this share of the whole is drawn again, larger."""


class Plane(NamedTuple):
    """What is drawn in one panel.

    Attributes:
        mask: (rows, columns); of an input of one axis (1, columns).
        axes: axes of the input, rows and columns, or the columns alone.
        clipped, unbounded: by these axes.
        at: where other drawn axes are cut, in words, or "".
        near: the box alone is shown, larger.
    """

    mask: Mask
    axes: tuple[int, ...]
    clipped: tuple[Interval, ...]
    unbounded: tuple[Interval, ...]
    at: str = ""
    near: bool = False


def planes_of(one: Footprint) -> Iterator[Plane]:
    """The whole, and its box again where that is small; of three axes a cut through the middle for each pair."""
    if len(one.axes) < 3:
        mask = np.atleast_2d(one.mask)
        yield Plane(mask, one.axes, one.clipped, one.unbounded)
        if _is_small(one):
            yield Plane(mask, one.axes, one.clipped, one.unbounded, near=True)
        return
    for kept in reversed(list(combinations(range(3), 2))):
        (cut,) = {0, 1, 2} - set(kept)
        at = _cut(one.mask, cut, one.clipped[cut])
        axes = tuple(one.axes[place] for place in kept)
        clipped, unbounded = (tuple(box[place] for place in kept) for box in (one.clipped, one.unbounded))
        yield Plane(np.take(one.mask, at, cut), axes, clipped, unbounded, f"axis {one.axes[cut]} at {at}")


def _is_small(one: Footprint) -> bool:
    lengths = [one.shape[axis] for axis in one.axes]
    shown = [max(n, hi + 1) - min(0, lo) for n, (lo, hi) in zip(lengths, one.unbounded, strict=True)]
    return all(hi - lo + 1 < ZOOMED * n for n, (lo, hi) in zip(shown, one.clipped, strict=True))


def _cut(mask: Mask, axis: int, box: Interval) -> int:
    """The position nearest to the middle of the box of which anything is read: dilation leaves planes out."""
    used = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
    return int(used[np.abs(used - (box[0] + box[1]) / 2).argmin()]) if used.size else box[0]


def shown_part(plane: Plane, unbounded: Sequence[Interval]) -> list[Interval]:
    """The intervals that a panel shows: the input and all of the field, or the field alone; of one that is much longer than what
    lies within the input, that."""
    if not plane.near:
        return [(min(0, lo), max(n - 1, hi)) for n, (lo, hi) in zip(plane.mask.shape, unbounded, strict=True)]
    inside = [(max(0, lo), min(n - 1, hi)) for n, (lo, hi) in zip(plane.mask.shape, unbounded, strict=True)]
    far = any(hi - lo > 3 * (last - first) + 3 for (lo, hi), (first, last) in zip(unbounded, inside, strict=True))
    return inside if far else list(unbounded)

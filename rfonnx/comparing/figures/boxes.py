"""Boxes in a plane: their overlap, non-maximum suppression, and which box of one set answers which of another."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from rfonnx.comparing.figures.metrics import share
from rfonnx.results.array_types import Floats

Indices = npt.NDArray[np.intp]
BoxLayout = Literal["cxcywh", "xyxy", "xywh"]
"""Centre and size, two corners, or the low corner and size."""


def corners(boxes: np.ndarray, layout: BoxLayout) -> Floats:
    """Boxes (..., 4) as x1, y1, x2, y2.

    >>> corners(np.array([[5, 6, 2, 4]]), "cxcywh").tolist()
    [[4.0, 4.0, 6.0, 8.0]]
    """
    first, second = boxes[..., :2].astype(np.float64), boxes[..., 2:4].astype(np.float64)
    if layout == "cxcywh":
        first, second = first - second / 2, first + second / 2
    elif layout == "xywh":
        second = first + second
    return np.concatenate([first, second], -1)


def overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union of every box of one set with every box of the other, (n, m); 0 where both are empty.

    Args:
        one, other: (n, 4) and (m, 4), corners. A box whose second corner lies before its first has no area.
    """
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(-1)
    either = _areas(one)[:, None] + _areas(other)[None, :] - both
    return share(both, either)


def suppressed(boxes: Floats, scores: Floats, classes: np.ndarray, limit: float) -> Indices:
    """Greedy non-maximum suppression within each class: indices of the boxes that stay, best score first.

    A box falls when a better one of its class overlaps it by more than `limit`; of equal scores the first is the better.
    """
    order = np.argsort(-scores, kind="stable")
    shared = (overlaps(boxes[order], boxes[order]) > limit) & (classes[order][:, None] == classes[order][None, :])
    alive = np.ones(len(order), bool)
    for index in range(len(order)):
        if alive[index]:
            alive[index + 1 :] &= ~shared[index, index + 1 :]
    return order[alive]


def matched(overlap: Floats, limit: float) -> tuple[Indices, Indices]:
    """Pairs of a greedy matching: the largest overlap first, no box twice, none under `limit`.

    As COCO's evaluation does, greedy rather than optimal: it finds at least half as many pairs as an optimal matching, and
    the same ones where no box overlaps two of the other set by `limit`.

    Args:
        overlap: (n, m); of equal overlaps the pair that stands first is taken.
    """
    rows, columns = np.nonzero((overlap >= limit) & (overlap > 0))
    order = np.argsort(-overlap[rows, columns], kind="stable")
    free_row, free_column = np.ones(overlap.shape[0], bool), np.ones(overlap.shape[1], bool)
    taken: list[tuple[int, int]] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if free_row[row] and free_column[column]:
            free_row[row] = free_column[column] = False
            taken.append((row, column))
    pairs = np.array(taken, np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _areas(boxes: Floats) -> Floats:
    result: Floats = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(-1)
    return result

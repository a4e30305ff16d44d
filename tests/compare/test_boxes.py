"""Boxes against counted cells, a plain suppression, and scipy's optimal matching."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from rfonnx.comparing.figures.boxes import corners, matched, overlaps, suppressed


def cells(box: np.ndarray) -> set[tuple[int, int]]:
    x1, y1, x2, y2 = (int(n) for n in box)
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


def drawn(generator: np.random.Generator, count: int, side: int = 24) -> np.ndarray:
    low = generator.integers(0, side, (count, 2))
    return np.concatenate([low, low + generator.integers(0, side // 2, (count, 2))], 1).astype(float)


@given(st.integers(0, 2**32 - 1))
def test_overlaps_are_counted_cells(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, other = drawn(generator, 4), drawn(generator, 3)
    found = overlaps(one, other)
    for i, a in enumerate(map(cells, one)):
        for j, b in enumerate(map(cells, other)):
            assert found[i, j] == pytest.approx(len(a & b) / len(a | b) if a | b else 0)


@pytest.mark.parametrize(
    ("layout", "boxes"), [("xyxy", [2, 3, 8, 5]), ("cxcywh", [5, 4, 6, 2]), ("xywh", [2, 3, 6, 2])]
)
def test_layouts(layout: str, boxes: list[int]) -> None:
    assert corners(np.array([boxes]), layout).tolist() == [[2, 3, 8, 5]]


def test_a_box_turned_inside_out_overlaps_nothing() -> None:
    assert overlaps(np.array([[5.0, 5, 1, 1]]), np.array([[0.0, 0, 9, 9]])).tolist() == [[0]]


def plain_suppression(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, limit: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if all(classes[i] != classes[k] or overlaps(boxes[[i]], boxes[[k]])[0, 0] <= limit for k in kept):
            kept.append(i)
    return kept


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.45, 0.9]))
def test_suppression(seed: int, limit: float) -> None:
    generator = np.random.default_rng(seed)
    boxes, scores, classes = drawn(generator, 30), generator.integers(0, 9, 30) / 8, generator.integers(0, 3, 30)
    assert suppressed(boxes, scores, classes, limit).tolist() == plain_suppression(boxes, scores, classes, limit)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5]))
def test_matching_is_one_to_one_and_at_least_half_of_the_optimum(seed: int, limit: float) -> None:
    generator = np.random.default_rng(seed)
    overlap = overlaps(drawn(generator, 12), drawn(generator, 10))
    rows, columns = matched(overlap, limit)
    assert len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows)
    assert (overlap[rows, columns] >= limit).all()
    best = linear_sum_assignment(-(overlap >= limit).astype(float))
    optimum = int((overlap[best] >= limit).sum())
    assert optimum / 2 <= len(rows) <= optimum
    left = np.delete(np.delete(overlap, rows, 0), columns, 1)
    assert not (left >= limit).any(), "two that are left over match"


@given(st.integers(0, 2**32 - 1))
def test_matching_of_moved_boxes_is_the_optimum(seed: int) -> None:
    """Boxes apart from each other, as suppression leaves them, each moved a little, in another order, some lost."""
    generator = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 2) * 30.0
    boxes = np.concatenate([grid, grid + generator.uniform(15, 25, grid.shape)], 1)
    other = (boxes + generator.uniform(-2, 2, boxes.shape))[generator.permutation(16)[:12]]
    overlap = overlaps(boxes, other)
    rows, columns = matched(overlap, 0.5)
    expected = linear_sum_assignment(-overlap)
    assert sorted(zip(rows, columns, strict=True)) == sorted(zip(*expected, strict=True))


def test_nothing_matches_nothing() -> None:
    none = np.zeros((0, 4))
    assert [len(side) for side in matched(overlaps(none, drawn(np.random.default_rng(0), 3)), 0.5)] == [0, 0]
    assert suppressed(none, np.zeros(0), np.zeros(0, int), 0.5).tolist() == []

"""Neighbours against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from rfonnx.comparing.figures.neighbours import CHUNK, found_again, kept_neighbours


def nearest(rows: np.ndarray, asked: np.ndarray, rank: int) -> np.ndarray:
    search = NearestNeighbors(n_neighbors=rank + 1, metric="cosine", algorithm="brute").fit(rows)
    return search.kneighbors(asked, return_distance=False)[:, rank]


@pytest.mark.parametrize("noise", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("count", [2, 40, CHUNK + 7])
def test_against_scikit_learn(noise: float, count: int) -> None:
    generator = np.random.default_rng(count)
    teacher = generator.standard_normal((count, 12), np.float32)
    student = teacher + noise * generator.standard_normal(teacher.shape, np.float32)
    assert (kept_neighbours(teacher, student) == (nearest(teacher, teacher, 1) == nearest(student, student, 1))).all()
    assert (found_again(teacher, student) == (nearest(teacher, student, 0) == np.arange(count))).all()


def test_a_rotation_keeps_neighbours_and_is_not_found_again() -> None:
    generator = np.random.default_rng(3)
    teacher = generator.standard_normal((50, 8))
    turn, _ = np.linalg.qr(generator.standard_normal((8, 8)))
    assert kept_neighbours(teacher, teacher @ turn).all()
    assert found_again(teacher, teacher @ turn).mean() < 0.3


def test_widths_may_differ_and_equal_rows_tie() -> None:
    rows = np.repeat(np.random.default_rng(4).standard_normal((5, 6)), 2, 0)
    assert kept_neighbours(rows, np.pad(rows, ((0, 0), (0, 3)))).all()
    assert found_again(rows, rows).all()


def test_zero_rows_are_no_error() -> None:
    rows = np.zeros((3, 4))
    assert kept_neighbours(rows, rows).all()
    assert not found_again(np.eye(4)[:3], rows).any() or found_again(rows, rows).all()

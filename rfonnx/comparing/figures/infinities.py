"""Infinities that both models give at the same place: masked scores are -inf in teacher and student alike, which is agreement."""

from __future__ import annotations

import numpy as np


def without_shared(teacher: np.ndarray, student: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both outputs, with equal infinities replaced by the lowest or the highest finite number of the teacher's.

    So they differ nowhere there, stay the lowest or the highest scores, and add to the signal what an ordinary element does.

    Args:
        teacher, student: floats of one shape.
    """
    shared = np.isinf(teacher) & (teacher == student)
    if not shared.any():
        return teacher, student
    finite = teacher[np.isfinite(teacher)]
    low, high = (finite.min(), finite.max()) if finite.size else (teacher.dtype.type(-1), teacher.dtype.type(1))
    instead = np.where(teacher > 0, high, low)
    return np.where(shared, instead, teacher), np.where(shared, instead, student)

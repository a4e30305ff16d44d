"""Nearest neighbours among samples, which is what embeddings are for."""

from __future__ import annotations

import numpy as np

from rfonnx.results.array_types import Floats, Mask

CHUNK = 256
"""Rows whose similarities are held at a time."""

TIE = 1e-12
"""Cosines so near are equal: a matrix product rounds equal rows differently, by where they stand."""


def unit_rows(rows: np.ndarray) -> Floats:
    """Rows at length 1; zero rows stay zero."""
    rows = rows.astype(np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    result: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return result


def kept_neighbours(teacher: np.ndarray, student: np.ndarray) -> Mask:
    """Per sample: its nearest other sample by cosine, among the teacher's rows, is nearest among the student's too.

    A sample whose nearest ones tie among the student's rows counts as kept when the teacher's is one of them.

    Args:
        teacher, student: (samples, width), two or more samples; the widths may differ.
    """
    t, s = unit_rows(teacher), unit_rows(student)
    kept = np.empty(len(t), bool)
    for begin in range(0, len(t), CHUNK):
        rows = np.arange(begin, min(begin + CHUNK, len(t)))
        near_t, near_s = t[rows] @ t.T, s[rows] @ s.T
        at = np.arange(len(rows))
        near_t[at, rows] = near_s[at, rows] = -np.inf
        kept[rows] = near_s[at, near_t.argmax(1)] >= near_s.max(1) - TIE
    return kept


def found_again(teacher: np.ndarray, student: np.ndarray) -> Mask:
    """Per sample: of all the teacher's rows, that of the same sample is nearest by cosine to the student's row.

    Recall at 1 of an index that the teacher filled and the student searches. Equal rows count as found.

    Args:
        teacher, student: (samples, width), of one width.
    """
    t, s = unit_rows(teacher), unit_rows(student)
    found = np.empty(len(t), bool)
    for begin in range(0, len(t), CHUNK):
        near = s[begin : begin + CHUNK] @ t.T
        at = np.arange(len(near))
        found[begin : begin + CHUNK] = near[at, begin + at] >= near.max(1) - TIE
    return found

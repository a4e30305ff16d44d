"""Sums per sample behind the measures of decisions: steps, labels, columns."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.results.array_types import Floats, Int64

NEAR = 0.01
"""Probabilities so near to a threshold may fall on either side of it: such flips are counted apart."""


def sigmoid(logits: np.ndarray) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    x = logits.astype(np.float64)
    small = np.exp(-np.abs(x))
    result: Floats = np.where(x >= 0, 1.0, small) / (1 + small)
    return result


def logit(probability: float) -> float:
    """The number whose sigmoid is the probability; infinite for 0 and 1."""
    if probability in (0, 1):
        return math.inf if probability else -math.inf
    return math.log(probability / (1 - probability))


def probable(scores: np.ndarray) -> bool:
    """True when all scores lie in 0..1 within 1%: onnxruntime's Sigmoid gives 1.0000001, a quantised one 1.002."""
    return bool(scores.min(initial=0) >= -0.01 and scores.max(initial=0) <= 1.01)


def label_sums(teacher: Floats, student: Floats, threshold: float) -> dict[str, Floats]:
    """Decisions of independent labels, per sample.

    Args:
        teacher, student: probabilities (samples, labels, positions).
        threshold: a label is given from here on.

    Returns: both, lost and added, (samples, labels): positions where both give the label, only the teacher, only the student;
        near, (samples,): of the positions that differ those whose teacher is within `NEAR` of the threshold, which are not
        among lost and added; decisions, (samples,).
    """
    t, s = teacher >= threshold, student >= threshold
    near = np.abs(teacher - threshold) <= NEAR
    return {
        "both": (t & s).sum(2, dtype=np.float64),
        "lost": (t & ~s & ~near).sum(2, dtype=np.float64),
        "added": (s & ~t & ~near).sum(2, dtype=np.float64),
        "near": ((t != s) & near).sum((1, 2), dtype=np.float64),
        "decisions": np.full(len(teacher), float(teacher[0].size)),
    }


def f_measure(both: Floats, differing: Floats) -> Floats:
    """2 both / (2 both + differing), the harmonic mean of precision and recall; 1 where neither model has any."""
    return metrics.share(2 * both, 2 * both + differing, empty=1.0)


def divergence(teacher: np.ndarray, student: np.ndarray) -> Floats:
    """KL(teacher || student) per row of probabilities, in nats: `metrics.divergence` with one logarithm in place of four.

    Args:
        teacher, student: (rows, classes); rows need not sum to 1 exactly.
    """
    p, q = (np.maximum(rows.astype(np.float64), metrics.FLOOR) for rows in (teacher, student))
    whole_p, whole_q = p.sum(1), q.sum(1)
    result: Floats = np.maximum(np.einsum("ij,ij->i", p, np.log(p / q)) / whole_p + np.log(whole_q / whole_p), 0)
    return result


def step_sums(
    teacher: np.ndarray, student: np.ndarray, probabilities: tuple[bool, bool], temperature: float
) -> tuple[dict[str, Floats], Int64, Int64]:
    """A choice of one class at each step, per sample.

    Args:
        teacher, student: (samples, steps, classes).
        probabilities: whether each holds probabilities rather than logits.

    Returns: steps, agreeing_steps, step_kl (sum over the steps of KL(teacher || student)), each (samples,); and the picks of
        both, (samples, steps).
    """
    count, steps, classes = teacher.shape
    rows_t, rows_s = teacher.reshape(-1, classes), student.reshape(-1, classes)
    kl = np.empty(len(rows_t))
    size = max(1, metrics.CHUNK // max(1, classes))
    for begin in range(0, len(rows_t), size):
        part = slice(begin, begin + size)
        if all(probabilities) and temperature == 1:
            kl[part] = divergence(rows_t[part], rows_s[part])
            continue
        log_t = metrics.log_probabilities(rows_t[part], probabilities[0], temperature)
        log_s = metrics.log_probabilities(rows_s[part], probabilities[1], temperature)
        kl[part] = metrics.divergence(log_t, log_s)
    picks_t, picks_s = teacher.argmax(2), student.argmax(2)
    sums = {
        "steps": np.full(count, float(steps)),
        "agreeing_steps": (picks_t == picks_s).sum(1, dtype=np.float64),
        "step_kl": kl.reshape(count, steps).sum(1),
    }
    return sums, picks_t.astype(np.int64), picks_s.astype(np.int64)


def column_sums(teacher: np.ndarray, student: np.ndarray, origin: Floats) -> dict[str, Floats]:
    """Numbers that are regressed, per sample and column: squared error, and the teacher's first two moments about `origin`.

    Args:
        teacher, student: (samples, columns).
        origin: (columns,), any row of the teacher: moments about zero would lose the spread of columns far from it.
    """
    t, s = teacher.astype(np.float64), student.astype(np.float64)
    return {"column_dd": (s - t) ** 2, "column_t": t - origin, "column_tt": (t - origin) ** 2}


def determination(dd: Floats, t: Floats, tt: Floats, samples: Floats) -> Floats:
    """R squared per column, 1 - sum d^2 / sum (t - mean t)^2: the share of the teacher's spread that the student follows.

    NaN where the teacher's column does not vary, so that no spread is there to be followed.

    Args:
        dd, t, tt: sums over samples, (..., columns).
        samples: their number, (...,).
    """
    count = np.asarray(samples, np.float64)[..., None]
    spread = tt - t**2 / np.maximum(count, 1)
    varies = spread > 1e-12 * np.maximum(tt, np.finfo(np.float64).tiny)
    return 1 - np.divide(dd, spread, out=np.full_like(dd, np.nan), where=varies)


def least_overlap(intersection: Floats, union: Floats, part: float) -> Floats:
    """The least intersection over union of a class, over the last axis; 1 where no class holds enough.

    Args:
        part: of all unions together; classes with less are passed over: a class of three pixels may change by two.
    """
    result: Floats = np.fmin.reduce(ratios(intersection, union, part), -1, initial=1.0)
    return result


def least(each: Floats) -> Floats:
    """The least over the last axis, NaN passed over; NaN where all are."""
    result: Floats = np.fmin.reduce(each, -1)
    return result


def ratios(intersection: Floats, union: Floats, part: float) -> Floats:
    """Intersection over union by class, NaN where the class holds under `part` of all unions together."""
    enough = (union > 0) & (union >= part * union.sum(-1, keepdims=True))
    return np.divide(intersection, union, out=np.full_like(union, np.nan), where=enough)

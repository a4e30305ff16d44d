"""Figures per sample, from a block of two outputs. All arithmetic is in float64.

Blocks are (samples, elements) or (samples, classes, positions) arrays. Everything that is kept is a *sum*, so that
figures over many samples, and over bootstrap resamples of them, are functions of sums.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfonnx.results.array_types import Floats, Mask

CHUNK = 1 << 15
"""Elements that are converted to float64 at a time: what is made of them stays in the cache, which is 4 times as fast."""

FLOOR = 1e-12
"""Smallest probability that a logarithm is taken of."""

STILL = 1e-9
"""Share of the sum of squares under which what is left without the mean is rounding of float32."""

NEAR_TIE = 0.1
"""Nats between two classes under which a choice is hardly one: the lesser has 90% of the other's probability."""

TOP = 5
BINS = 15
"""Confidence bins of equal width (Guo et al. 2017 use 15)."""


def error_sums(teacher: np.ndarray, student: np.ndarray) -> dict[str, Floats]:
    """Per sample: n, max |d|, sums of |d|, d^2, t^2, s^2, t*s, and the largest t and -t; d = s - t.

    Args:
        teacher, student: (samples, elements), any numeric type, finite.
    """
    count, elements = teacher.shape
    sums = {name: np.zeros(count) for name in ("max_abs", "abs", "dd", "tt", "ss", "ts")}
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    if not elements:
        low, high = np.zeros(count), np.zeros(count)
    for begin in range(0, elements, max(1, CHUNK // max(1, count))):
        part = slice(begin, begin + max(1, CHUNK // max(1, count)))
        t, s = teacher[:, part].astype(np.float64), student[:, part].astype(np.float64)
        d = s - t
        sums["dd"] += np.einsum("ij,ij->i", d, d)
        sums["tt"] += np.einsum("ij,ij->i", t, t)
        sums["ss"] += np.einsum("ij,ij->i", s, s)
        sums["ts"] += np.einsum("ij,ij->i", t, s)
        np.abs(d, out=d)
        sums["abs"] += d.sum(1)
        sums["max_abs"] = np.maximum(sums["max_abs"], d.max(1))
        low, high = np.minimum(low, t.min(1)), np.maximum(high, t.max(1))
    return {"n": np.full(count, float(elements)), **sums, "minus_low": -low, "high": high}


def cosine(ts: Floats, tt: Floats, ss: Floats) -> Floats:
    """Cosine similarity from sums; 1 where both vectors are zero, 0 where one is. Exactly 1 for equal vectors."""
    norm = np.sqrt(tt * ss)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(norm > 0, ts / norm, np.where(tt == ss, 1.0, 0.0))
    return np.clip(value, -1.0, 1.0)


def decibels(signal: Floats, noise: Floats) -> Floats:
    """10 log10(signal / noise): infinite without noise, minus infinite without signal."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = 10 * (np.log10(signal) - np.log10(noise))
    return np.where(noise == 0, np.inf, value)


def varying_decibels(total: Floats, squares: Floats, noise: Floats, elements: Floats) -> Floats:
    """10 log10 of the signal that is left without its mean, over the noise: 10 log10(1 / (1 - R^2)). NaN where nothing varies.

    Args:
        total, squares: sums of the teacher's t and t^2.
        noise: sum of d^2.
        elements: how many were summed.
    """
    varying = squares - share(total**2, elements)
    varying = np.where(varying > STILL * squares, varying, np.nan)
    return np.where(np.isnan(varying), np.nan, decibels(varying, noise))


def are_probabilities(scores: np.ndarray) -> bool:
    """True when rows are not negative and sum to 1 within 5% (quantised softmax outputs do not sum to 1 exactly)."""
    rows = scores.astype(np.float64)
    return bool((rows >= 0).all() and (np.abs(rows.sum(1) - 1) < 0.05).all())


def log_probabilities(scores: np.ndarray, probabilities: bool, temperature: float) -> Floats:
    """Log-softmax of scores / temperature along axis 1; of log(scores) when they are probabilities."""
    logits = scores.astype(np.float64)
    if probabilities:
        logits = np.log(np.maximum(logits, FLOOR))
    logits = logits / temperature
    logits -= logits.max(1, keepdims=True)
    result: Floats = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return result


def divergence(log_p: Floats, log_q: Floats) -> Floats:
    """KL(p || q) per sample, in nats. Rounding may leave it a little under 0, which is cut off."""
    result: Floats = np.maximum((np.exp(log_p) * (log_p - log_q)).sum(1), 0)
    return result


def in_top(scores: np.ndarray, choice: np.ndarray, top: int) -> Floats:
    """1 per sample whose `choice` is among the `top` largest scores; of equal scores the first class ranks higher."""
    chosen = np.take_along_axis(scores, choice[:, None], 1)
    before = np.arange(scores.shape[1]) < choice[:, None]
    rank = ((scores > chosen) | ((scores == chosen) & before)).sum(1)
    result: Floats = (rank < top).astype(np.float64)
    return result


def class_sums(
    teacher: np.ndarray, student: np.ndarray, probabilities: tuple[bool, bool], temperature: float
) -> dict[str, Floats]:
    """Per sample of a classifier: top-1 and top-5 agreement both ways, KL both ways, and both confidences.

    `margin` is log p(teacher's choice) - log p(student's choice) by the teacher, at temperature 1: 0 where they agree.
    `p_teacher`, (samples, classes), are the teacher's probabilities, `p_log_p` their sum of p log p.
    `near` counts flips of a margin under `NEAR_TIE` and under twice the root mean square difference of the sample's log p.

    Args:
        teacher, student: (samples, classes).
    """
    pick_t, pick_s = teacher.argmax(1), student.argmax(1)
    log_t = log_probabilities(teacher, probabilities[0], temperature)
    log_s = log_probabilities(student, probabilities[1], temperature)
    cold_t = log_t if temperature == 1 else log_probabilities(teacher, probabilities[0], 1.0)
    cold_s = log_s if temperature == 1 else log_probabilities(student, probabilities[1], 1.0)
    rows, same, p = np.arange(len(teacher)), pick_t == pick_s, np.exp(log_t)
    margin = cold_t[rows, pick_t] - cold_t[rows, pick_s]
    return {
        "top1": same.astype(np.float64),
        "margin": margin,
        "near": _near_ties(cold_t, cold_s, margin, ~same),
        "top5": in_top(student, pick_t, TOP),
        "top5_reverse": in_top(teacher, pick_s, TOP),
        "kl": divergence(log_t, log_s),
        "kl_reverse": divergence(log_s, log_t),
        "p_teacher": p,
        "p_log_p": (p * log_t).sum(1),
        "confidence_teacher": np.exp(cold_t.max(1)),
        "confidence_student": np.exp(cold_s.max(1)),
    }


def _near_ties(log_t: Floats, log_s: Floats, margin: Floats, flips: Mask) -> Floats:
    near = np.zeros(len(margin))
    close = np.flatnonzero(flips & (margin < NEAR_TIE))
    if close.size:
        error = np.sqrt(((log_s[close] - log_t[close]) ** 2).mean(1))
        near[close] = margin[close] < 2 * error
    return near


def calibration_bins(teacher: Floats, student: Floats) -> Floats:
    """(samples, BINS): the student's less the teacher's confidence, in the bin of the mean of the two, so that neither leads."""
    which = np.minimum(((teacher + student) / 2 * BINS).astype(np.int64), BINS - 1)
    differences = np.zeros((len(which), BINS))
    differences[np.arange(len(which)), which] = student - teacher
    return differences


def expected_difference(differences: Floats, samples: Floats) -> Floats:
    """Expected calibration difference: the mean over bins, weighted by samples, of |mean confidence difference|.

    Args:
        differences: sums of what `calibration_bins` gives, bins along the last axis.
        samples: how many were summed.
    """
    result: Floats = np.abs(differences).sum(-1) / samples
    return result


def share(part: Floats, whole: Floats, empty: float = 0.0) -> Floats:
    """part / whole; `empty` where the whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    result: Floats = np.divide(part, whole, out=np.full(part.shape, empty), where=whole != 0)
    return result


def pick_classes(scores: np.ndarray) -> npt.NDArray[np.uint16]:
    """argmax(0), class by class, the first of equals: numpy's own took 1.5 to 3 times as long on 2 to 150 classes."""
    best, picked = scores[0].copy(), np.zeros(scores.shape[1:], np.uint16)
    for number in range(1, len(scores)):
        np.copyto(picked, number, where=scores[number] > best)
        np.maximum(best, scores[number], out=best)
    return picked


def overlap_counts(teacher: np.ndarray, student: np.ndarray, classes: int) -> dict[str, Floats]:
    """Per sample: positions, agreeing positions, and intersection and union per class, (samples, classes).

    Args:
        teacher, student: class numbers, (samples, positions), in 0..classes-1.
    """
    count = len(teacher)
    offset = np.arange(count)[:, None] * classes

    def per_class(numbers: np.ndarray) -> Floats:
        return np.bincount(numbers, minlength=count * classes).reshape(count, classes).astype(np.float64)

    same = teacher == student
    both = per_class((teacher + offset)[same])
    either = per_class((teacher + offset).ravel()) + per_class((student + offset).ravel()) - both
    return {
        "positions": np.full(count, float(teacher.shape[1])),
        "agreeing": same.sum(1).astype(np.float64),
        "intersection": both,
        "union": either,
    }


def mean_iou(intersection: Floats, union: Floats) -> Floats:
    """Mean over the last axis of intersection / union, over classes that occur; 1 where none does."""
    ratio = share(intersection, union)
    found = (union > 0).sum(-1)
    return np.where(found > 0, ratio.sum(-1) / np.maximum(found, 1), 1.0)

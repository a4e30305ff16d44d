"""Numbers that count how often they are multiplied: numpy's own products of them say what a formula costs."""

from __future__ import annotations

from typing import Any

import numpy as np


class Num:
    """A float that counts the products that it takes part in."""

    __slots__ = ("value",)
    products = 0

    def __init__(self, value: float) -> None:
        self.value = float(value)

    def __mul__(self, other: Num) -> Num:
        Num.products += 1
        return Num(self.value * other.value)

    def __add__(self, other: Num) -> Num:
        return Num(self.value + other.value)


def num(array: Any) -> np.ndarray:
    """An array of counting numbers."""
    made = np.empty(np.shape(array), object)
    for index, value in np.ndenumerate(np.asarray(array, float)):
        made[index] = Num(value)
    return made


def plain(array: np.ndarray) -> np.ndarray:
    """The floats in it."""
    return np.vectorize(lambda n: n.value, otypes=[float])(array)


def times(a: Any, b: Any) -> np.ndarray:
    """The matrix product of two arrays, counted."""
    return plain(num(a) @ num(b))


def correlation(
    x: np.ndarray, w: np.ndarray, stride: int = 1, pad: int = 0, dilation: int = 1, group: int = 1
) -> np.ndarray:
    """Conv of x (batch, in, rows, columns) by w (out, in / group, kernel, kernel), by its definition, counted."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    reach = dilation * (w.shape[2] - 1) + 1
    sides = [(n - reach) // stride + 1 for n in x.shape[2:]]
    y = np.zeros((len(x), len(w), *sides))
    per_group = len(w) // group
    for n, o, i, j in np.ndindex(*y.shape):
        channels = slice(o // per_group * w.shape[1], (o // per_group + 1) * w.shape[1])
        rows, columns = (slice(k * stride, k * stride + reach, dilation) for k in (i, j))
        patch = num(x[n, channels, rows, columns]).ravel()
        y[n, o, i, j] = plain(np.asarray(patch @ num(w[o]).ravel()))
    return y


def softmax(scores: np.ndarray) -> np.ndarray:
    """Along the last axis; not counted."""
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
    """Attention of (batch, heads, sequence, size); keys and values may have fewer heads. Counted, hidden keys too."""
    k, v = (np.repeat(a, q.shape[1] // a.shape[1], 1) for a in (k, v))
    scores = times(q, k.swapaxes(2, 3)) / np.sqrt(q.shape[3])
    return times(softmax(scores if hidden is None else np.where(hidden, -1e30, scores)), v)


def heads(x: np.ndarray, count: int) -> np.ndarray:
    """(batch, sequence, heads * size) -> (batch, heads, sequence, size)."""
    return x.reshape(*x.shape[:2], count, -1).swapaxes(1, 2)


def joined(x: np.ndarray) -> np.ndarray:
    """The way back."""
    return x.swapaxes(1, 2).reshape(len(x), x.shape[2], -1)

"""Errors channel by channel: outputs may hold unlike things, of which the loudest drowns the others (boxes in pixels, scores).

Sums are kept per channel of an axis; the figure is taken of kinds of channels. Channels are of one kind where their largest
values are less than `GAP` apart, one after the other: 640, 300, 0.9, 0.2, 0.004 are two kinds. A kind has the SQNR of its sums.
Besides, a channel counts by itself where its error is over `APART` times the mean of the others of its kind. So a channel that
the teacher leaves nearly silent, as of a class that no sample shows, makes no alarm: its error is as small as those beside it.
What the file joins (see `joined.py`) counts part by part where a part is `HEARD` beside the others of its kind: boxes
in shares of the image and scores are both in 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

import numpy as np
import numpy.typing as npt

from rfonnx.comparing.figures.metrics import decibels
from rfonnx.results.array_types import Floats

MOST = 1024
"""Channels of an axis at most: a longer one counts positions."""

GAP = 100.0
APART = 4.0

HEARD = 0.1
"""Share of its kind's largest value from which on a part that the file joins counts by itself: a quieter one may be all noise."""

SILENT = 1e-6
"""Share of the loudest channel's largest value under which a channel holds roundings of float32."""

BLOCK = 1 << 17
"""Elements that are converted to float64 at a time."""


def channel_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes whose positions may be channels: the one behind the batch, and the last one."""
    axes = dict.fromkeys((1, len(shape) - 1)) if len(shape) > 1 else {}
    return tuple(axis for axis in axes if 2 <= shape[axis] <= MOST)


def channel_sums(teacher: np.ndarray, student: np.ndarray, axis: int) -> tuple[Floats, Floats, Floats]:
    """Per channel, (channels,): sums of t^2 and of d^2, and the largest |t|.

    Args:
        teacher, student: of one shape, finite.
        axis: of the channels.
    """
    length = teacher.shape[axis]
    outer, inner = math.prod(teacher.shape[:axis]), math.prod(teacher.shape[axis + 1 :])
    one, other = (a.reshape(outer, length, inner) for a in (teacher, student))
    signal, noise, peak = np.zeros(length), np.zeros(length), np.zeros(length)
    step = max(1, BLOCK // max(1, length * inner))
    for begin in range(0, outer, step):
        t = one[begin : begin + step].astype(np.float64)
        d = other[begin : begin + step].astype(np.float64) - t
        signal += np.einsum("ijk,ijk->j", t, t)
        noise += np.einsum("ijk,ijk->j", d, d)
        np.maximum(peak, np.abs(t, out=t).max((0, 2), initial=0.0), out=peak)
    return signal, noise, peak


def worst_channels(
    signal: Floats, noise: Floats, peak: Floats, part: npt.NDArray[np.intp]
) -> tuple[float, npt.NDArray[np.intp]]:
    """SQNR in dB of the kind of channels, of the part of one, or of the channel, that has the lowest; and its channels.

    Args:
        signal, noise, peak: as `channel_sums` gives them, over all samples.
        part: number of the part that each channel belongs to, of those that the file joins.
    """
    groups = []
    for kind in _kinds(peak):
        apart = [index for index in kind if len(kind) > 1 and _stands_apart(noise[kind], noise[index])]
        own = [kind[part[kind] == number] for number in np.unique(part[kind])]
        heard = [group for group in own if peak[group].max() >= HEARD * peak[kind].max()]
        groups += [kind, *heard, *(np.array([index]) for index in apart)]
    found = [(float(decibels(signal[group].sum(), noise[group].sum())), group) for group in groups]
    return min(found, key=lambda one: one[0], default=(np.inf, np.array([], np.intp)))


def _stands_apart(noise: Floats, own: float) -> bool:
    return bool(own > APART * (noise.sum() - own) / (len(noise) - 1))


def _kinds(peak: Floats) -> Iterator[npt.NDArray[np.intp]]:
    """Channels that are not silent, by kind, the loudest kind first."""
    order = np.argsort(-peak, kind="stable")
    order = order[peak[order] > SILENT * peak.max(initial=0.0)]
    if order.size:
        loud = peak[order]
        yield from np.split(order, np.flatnonzero(loud[:-1] > GAP * loud[1:]) + 1)


def ranges(positions: npt.NDArray[np.intp]) -> str:
    """Positions as people write them.

    >>> ranges(np.array([7, 4, 5, 6, 9]))
    '4 to 7, 9'
    """
    runs = [
        [position for _, position in run]
        for _, run in groupby(enumerate(sorted(positions.tolist())), lambda pair: pair[1] - pair[0])
    ]
    shown = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs[:3]]
    return ", ".join(shown) + (" and more" if len(runs) > 3 else "")

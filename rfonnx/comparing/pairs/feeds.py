"""Arrays of a run's inputs: samples stacked, batches filled up, shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Feed = dict[str, np.ndarray]
"""Arrays by input: of one sample without a batch axis, or of a run."""


def bound(feeds: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    """Shapes of a run's inputs."""
    return {name: array.shape for name, array in feeds.items()}


def stack(samples: Sequence[Mapping[str, np.ndarray]], axes: Mapping[str, int | None]) -> dict[str, np.ndarray]:
    """Samples as a batch, by input; one sample is not copied. What has no batch axis is the first sample's."""
    made = {}
    for name, array in samples[0].items():
        axis = axes[name]
        if axis is None:
            made[name] = array
        elif len(samples) == 1:
            made[name] = np.expand_dims(array, axis) if axis else array[None]
        else:
            made[name] = np.stack([sample[name] for sample in samples], axis)
    return made


def filled(rows: np.ndarray, axis: int | None, begin: int, size: int) -> np.ndarray:
    """`size` samples from `begin` on, the last one repeated where there are fewer."""
    if axis is None or (begin == 0 and rows.shape[axis] == size):
        return rows
    if axis == 0 and begin + size <= len(rows):
        return rows[begin : begin + size]
    last = rows.shape[axis] - 1
    return rows.take([min(i, last) for i in range(begin, begin + size)], axis)

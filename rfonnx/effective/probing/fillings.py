"""What a perturbation puts in place of the input: mean, grey, noise, blur, or other tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfonnx.effective.settings import Probe

BLUR = 20
"""The blur's sigma is the axis' length over this, and at least 1: details go, the light stays."""


def replacement(
    sample: np.ndarray, axes: Sequence[int], probe: Probe, generator: np.random.Generator, values: tuple[int, int]
) -> np.ndarray:
    """The sample with everything replaced: an occlusion takes what it covers from here.

    Args:
        sample: one sample with its batch axis.
        axes: those of the map; the others (channels) keep statistics of their own.
        probe: "mean": the sample's mean per channel; "grey": the middle between its least and greatest value; "noise": normal,
            with the mean and deviation of the channel; "blur": Gaussian.
        generator: for what is random.
        values: least and greatest value of an integer input: each position gets another one than it has, where there is one.
            Booleans are negated.
    """
    if sample.dtype.kind == "b":
        return ~sample
    if sample.dtype.kind in "iu":
        low, count = values[0], values[1] - values[0] + 1
        if count == 1:
            return np.full_like(sample, low)
        moved = low + (sample.astype(np.int64) - low + generator.integers(1, count, sample.shape)) % count
        return moved.astype(sample.dtype)
    exact = sample.astype(np.float64)
    spatial = tuple(axes)
    if probe == "grey":
        made = np.full_like(exact, (exact.min() + exact.max()) / 2)
    elif probe == "noise":
        spread = exact.std(axis=spatial, keepdims=True)
        made = exact.mean(axis=spatial, keepdims=True) + spread * generator.standard_normal(exact.shape)
    elif probe == "blur":
        made = exact
        for axis in axes:
            made = _blurred(made, axis)
    else:
        made = np.broadcast_to(exact.mean(axis=spatial, keepdims=True), exact.shape)
    return made.astype(sample.dtype)


def _blurred(values: np.ndarray, axis: int) -> np.ndarray:
    length = values.shape[axis]
    sigma = max(1.0, length / BLUR)
    # A matrix row per position, normalised: at a border it averages what is there.
    positions = np.arange(length)
    weights = np.exp(-0.5 * ((positions[:, None] - positions) / sigma) ** 2)
    weights /= weights.sum(1, keepdims=True)
    return np.moveaxis(np.moveaxis(values, axis, -1) @ weights.T, -1, axis)


def difference_step(sample: np.ndarray) -> float:
    """Step of a central difference: the sample's deviation times the third root of its precision (Press et al., section 5.7)."""
    spread = float(sample.astype(np.float64).std())
    return float(np.cbrt(np.finfo(sample.dtype).eps)) * (spread or 1.0)

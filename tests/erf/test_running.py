"""Means and intervals over a stream, against numpy on all samples at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rfonnx.effective.probing.running import MIN_SAMPLES, Running

RANDOM = np.random.default_rng(11)


def running(maps: np.ndarray) -> Running:
    made = Running(maps.shape[1:])
    for values in maps:
        made.add(values)
    return made


def test_mean_is_the_mean_of_the_maps() -> None:
    maps = RANDOM.random((9, 4, 5))
    made = running(maps)
    np.testing.assert_allclose(made.mean(), maps.mean(0) / maps.mean(0).sum(), rtol=1e-12)
    assert made.scale == pytest.approx(maps.sum((1, 2)).mean())


def test_half_width_is_the_ratio_estimators() -> None:
    maps = RANDOM.random((40, 3, 6)) * RANDOM.random((40, 1, 1))
    mass, mean = maps.sum((1, 2)), maps.mean(0) / maps.mean(0).sum()
    rest = maps - mean * mass[:, None, None]
    expected = 1.959964 * np.sqrt((rest**2).sum(0) / 39 / 40).sum() / mass.mean()
    assert running(maps).half_width() == pytest.approx(expected, rel=1e-9)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """95% of intervals of single positions hold the true value, within what 400 trials tell."""
    truth = np.array([0.1, 0.2, 0.3, 0.4])
    held = 0
    for _ in range(400):
        made = Running((4,))
        for _ in range(60):
            made.add(truth * RANDOM.gamma(4, size=4))
        one = made.mean()
        spread = made._squares - 2 * one * made._products + one**2 * made._mass_squares
        half = 1.96 * np.sqrt(spread / 59 / 60) / made.scale
        held += int(np.abs(one - truth)[0] <= half[0])
    assert 0.91 < held / 400 < 0.98


def test_larger_gradients_alone_are_no_uncertainty() -> None:
    shape = RANDOM.random((5, 5))
    assert running(np.stack([shape * scale for scale in (1, 10, 100, 3)])).half_width() == pytest.approx(0, abs=1e-6)


def test_few_samples_have_no_interval_and_never_converge() -> None:
    shape = RANDOM.random((5, 5))
    assert math.isnan(running(shape[None]).half_width())
    assert not running(np.stack([shape] * (MIN_SAMPLES - 1))).converged(0.5)
    assert running(np.stack([shape] * MIN_SAMPLES)).converged(0.5)
    assert not running(np.stack([shape] * MIN_SAMPLES)).converged(None)


def test_nothing_has_no_scale() -> None:
    made = running(np.zeros((3, 4)))
    assert (made.scale, made.mean().sum()) == (0, 0)
    assert math.isnan(made.half_width())

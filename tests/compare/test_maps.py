"""Maps side by side, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rfonnx.comparing.fields.maps import CELLS, correlation, outside, overlap, region, resampled, smoothed


def test_region_holds_the_share_in_the_fewest_positions() -> None:
    values = np.array([[0.4, 0.1], [0.2, 0.3]])
    np.testing.assert_array_equal(region(values, 0.5), [[True, False], [False, True]])
    np.testing.assert_array_equal(region(values, 0.4), [[True, False], [False, False]])
    np.testing.assert_array_equal(region(values, 1.0), [[True, True], [True, True]])
    assert overlap(values, values[::-1], 0.5) == 0
    assert overlap(values, values, 0.9) == 1


@pytest.mark.parametrize("shape", [(4, 10), (8, 5), (16, 20), (3, 7)])
def test_resampling_loses_no_mass(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).random((8, 10))
    made = resampled(values, shape)
    assert made.shape == shape
    assert made.sum() == pytest.approx(values.sum())
    if shape == (4, 10):
        np.testing.assert_allclose(made, values.reshape(4, 2, 10).sum(1))
    if shape == (16, 20):
        np.testing.assert_allclose(made, values.repeat(2, 0).repeat(2, 1) / 4)


def test_smoothing_loses_no_mass_and_spreads_by_two_hundredths_of_the_side() -> None:
    values = np.zeros((200, 100))
    values[100, 50] = 1.0
    made = smoothed(values)
    assert made.sum() == pytest.approx(1)
    rows = made.sum(1)
    assert np.sqrt(rows @ (np.arange(200) - 100.0) ** 2) == pytest.approx(4, rel=1e-3)
    corner = np.zeros((200, 100))
    corner[0, 0] = 1.0
    assert smoothed(corner).sum() == pytest.approx(1)


def test_correlation_forgives_pixels_and_not_places() -> None:
    generator = np.random.default_rng(0)
    at = np.arange(100.0)
    blob = np.exp(-((at[:, None] - 40) ** 2 + (at - 60) ** 2) / 200)
    grainy = [blob * generator.random((100, 100)) for _ in range(2)]
    assert np.corrcoef(grainy[0].ravel(), grainy[1].ravel())[0, 1] < 0.9
    assert correlation(*grainy) > 0.99
    assert correlation(grainy[0], np.roll(grainy[1], 30, 1)) < 0.2
    assert correlation(np.ones((5, 5)), np.ones((5, 5))) == 1
    assert correlation(np.ones((5, 5)), blob[:5, :5]) == 0


def test_a_long_axis_is_correlated_on_few_cells() -> None:
    values = np.random.default_rng(0).random(200_000)
    assert len(values) > CELLS
    assert correlation(values, values) == pytest.approx(1)


def test_what_lies_outside_is_a_share() -> None:
    assert outside(np.array([1.0, 2.0, 1.0]), np.array([True, False, True])) == 0.5

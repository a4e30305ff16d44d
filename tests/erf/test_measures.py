"""What is measured on maps, against brute force and closed forms."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import onnx
import pytest
from scipy import optimize

import rfonnx
from erf.nets import Net
from rfonnx.errors import QueryError
from rfonnx.report.effective.csv import erf_csv
from rfonnx.report.effective.json import erf_json
from rfonnx.report.effective.people import erf_document
from rfonnx.report.formats import render
from rfonnx.results import map_figures as measures
from rfonnx.results.effective import ERF
from rfonnx.results.gaussian import fit_gaussian

RANDOM = np.random.default_rng(7)


def erf_of(values: np.ndarray, center: tuple[float, ...] | None = None, scale: float = 1.0) -> ERF:
    """An ERF around a map that is given."""
    lengths = values.shape
    middle = center or tuple((n - 1) / 2 for n in lengths)
    field = tuple((0, n - 1) for n in lengths)
    total = values.sum()
    return ERF(
        "m", "t", (0,), "sum", "x", tuple(range(values.ndim)), values / total if total else values, middle, middle, field, field,
        scale=scale if total else 0.0, outside=0.0, samples=1,
    )  # fmt: skip


def gaussian_map(shape: tuple[int, ...], mean: tuple[float, ...], covariance: np.ndarray) -> np.ndarray:
    offsets = np.stack(np.meshgrid(*(np.arange(n) - m for n, m in zip(shape, mean, strict=True)), indexing="ij"), -1)
    values: np.ndarray = np.exp(-0.5 * np.einsum("...i,ij,...j", offsets, np.linalg.inv(covariance), offsets))
    return values / values.sum()


def brute_area_ratio(values: np.ndarray, middle: tuple[int, ...], share: float) -> float:
    """Grow the square step by step."""
    for half in itertools.count():
        window = tuple(slice(max(0, m - half), m + half + 1) for m in middle)
        if values[window].sum() > share * values.sum() or values[window].size == values.size:
            return float(values[window].size / values.size)
    raise AssertionError


@pytest.mark.parametrize(("share", "published"), [(0.2, 0.20092), (0.3, 0.30014), (0.5, 0.50128), (0.99, 0.99026)])
def test_uniform_map_has_the_published_area_ratios(share: float, published: float) -> None:
    """What RepLKNet's script prints for a map of ones of 1024 x 1024."""
    assert erf_of(np.ones((1024, 1024))).area_ratio(share) == pytest.approx(published, abs=5e-6)


@pytest.mark.parametrize("shape", [(31,), (12, 17), (6, 7, 8)])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9, 0.999])
def test_area_ratio_is_the_smallest_square_that_holds_more(shape: tuple[int, ...], share: float) -> None:
    values = RANDOM.random(shape) ** 3
    middle = tuple(n // 2 for n in shape)
    found = measures.area_ratio(values, [float(m) for m in middle], share)
    assert found == pytest.approx(brute_area_ratio(values, middle, share), rel=1e-12)


def test_area_ratio_of_one_point_is_one_position() -> None:
    values = np.zeros((9, 9))
    values[4, 4] = 1
    assert erf_of(values).area_ratio(0.99) == 1 / 81


def test_log_variant_depends_on_the_scale_and_the_linear_one_does_not() -> None:
    values = gaussian_map((65, 65), (32, 32), np.diag([30.0, 30.0]))
    small, large = erf_of(values, scale=1e-3), erf_of(values, scale=1e6)
    assert small.area_ratio(0.5) == large.area_ratio(0.5)
    assert small.area_ratio_log10(0.5) < 0.5 * large.area_ratio_log10(0.5)
    # With a tiny scale log10(x + 1) is linear.
    assert small.area_ratio_log10(0.5) == small.area_ratio(0.5)


@pytest.mark.parametrize("shape", [(20,), (9, 14), (5, 6, 7)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.95, 1.0])
def test_mass_radius_holds_the_share_and_no_smaller_one_does(shape: tuple[int, ...], share: float) -> None:
    values = RANDOM.random(shape)
    center = [n / 3 for n in shape]
    (radius,) = measures.mass_radius(values, center, [share])
    grids = np.meshgrid(*(np.arange(n) - c for n, c in zip(shape, center, strict=True)), indexing="ij")
    distance = np.sqrt(sum(g**2 for g in grids))
    assert values[distance <= radius + 1e-9].sum() >= share * values.sum() - 1e-9
    assert values[distance < radius - 1e-9].sum() <= share * values.sum()


def test_mass_radius_of_a_gaussian_is_the_rayleigh_quantile() -> None:
    values = gaussian_map((201, 201), (100, 100), np.diag([100.0, 100.0]))
    for share in (0.5, 0.95):
        assert erf_of(values).mass_radius(share) == pytest.approx(10 * math.sqrt(-2 * math.log(1 - share)), abs=0.5)


def test_luo_size_of_a_gaussian() -> None:
    """Positions over 4.55% lie within sigma * sqrt(2 ln(1/0.0455)): a disc."""
    erf = erf_of(gaussian_map((121, 121), (60, 60), np.diag([64.0, 64.0])))
    assert erf.luo_size == pytest.approx(math.sqrt(math.pi) * 8 * math.sqrt(2 * math.log(1 / 0.0455)), rel=0.01)
    assert erf.share == pytest.approx(erf.luo_size**2 / 121**2, rel=1e-12)
    assert erf.ratio == pytest.approx(erf.luo_size / 121, rel=1e-12)


def test_luo_size_without_a_center_is_unknown() -> None:
    values = np.ones((5, 5))
    values[2, 2] = 0
    assert math.isnan(erf_of(values).luo_size)


@pytest.mark.parametrize("shape", [(40,), (31, 44), (15, 16, 17)])
def test_moments_are_those_of_numpy(shape: tuple[int, ...]) -> None:
    values = RANDOM.random(shape)
    points = np.stack([p.ravel() for p in np.indices(shape)])
    erf = erf_of(values)
    expected = np.atleast_2d(np.cov(points, aweights=values.ravel(), ddof=0))
    np.testing.assert_allclose(erf.covariance, expected, rtol=1e-10)
    np.testing.assert_allclose(erf.sigma, np.sqrt(np.diag(expected)), rtol=1e-10)
    np.testing.assert_allclose(erf.centroid, np.average(points, axis=1, weights=values.ravel()), rtol=1e-10)
    np.testing.assert_allclose(erf.offset, np.subtract(erf.centroid, erf.center), rtol=1e-10)


def test_anisotropy_and_entropy_of_simple_shapes() -> None:
    box = np.zeros((64, 64))
    box[10:18, 20:52] = 1
    erf = erf_of(box)
    assert erf.entropy == pytest.approx(8)
    assert erf.anisotropy == pytest.approx(math.sqrt((32**2 - 1) / (8**2 - 1)))
    line = np.zeros((5, 5))
    line[2] = 1
    assert erf_of(line).anisotropy == math.inf
    point = np.zeros((5, 5))
    point[2, 2] = 1
    assert (erf_of(point).anisotropy, erf_of(point).entropy, erf_of(point).gaussian) == (1.0, 0.0, None)


@pytest.mark.parametrize(
    ("shape", "mean", "covariance"),
    [
        ((60,), (28.3,), np.array([[20.0]])),
        ((50, 61), (20.7, 33.1), np.array([[30.0, 12.0], [12.0, 18.0]])),
        ((20, 22, 24), (9.2, 11.0, 12.5), np.array([[6.0, 1.0, 0.5], [1.0, 5.0, -1.0], [0.5, -1.0, 8.0]])),
    ],
)
def test_fit_finds_the_gaussian_that_is_there(
    shape: tuple[int, ...], mean: tuple[float, ...], covariance: np.ndarray
) -> None:
    values = gaussian_map(shape, mean, covariance)
    fit = fit_gaussian(values)
    assert fit is not None
    np.testing.assert_allclose(fit.mean, mean, atol=1e-4)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(fit.sigma, np.sqrt(np.diag(covariance)), rtol=1e-3)
    assert fit.residual < 1e-4
    assert fit.height == pytest.approx(values.max(), rel=0.02)


def test_the_fit_is_that_of_scipy() -> None:
    """Noise on a background that is no Gaussian: the moments are far off, the least-squares fit is the same."""
    values = gaussian_map((41, 45), (20, 24), np.array([[16.0, 3.0], [3.0, 25.0]]))
    values = values + RANDOM.random(values.shape) * values.max() * 0.1
    values /= values.sum()
    points = np.stack([p.ravel() for p in np.indices(values.shape)]).astype(float)

    def model(at: np.ndarray, height: float, row: float, column: float, a: float, b: float, c: float) -> np.ndarray:
        y, x = at[0] - row, at[1] - column
        shape: np.ndarray = height * np.exp(-0.5 * (a * y * y + 2 * b * x * y + c * x * x))
        return shape

    start = (values.max(), 20, 24, 0.05, 0.0, 0.05)
    found, _ = optimize.curve_fit(model, points, values.ravel(), start)
    fit = fit_gaussian(values)
    assert fit is not None
    np.testing.assert_allclose((fit.height, *fit.mean), found[:3], rtol=0.02)
    expected = np.linalg.inv(np.array([[found[3], found[4]], [found[4], found[5]]]))
    np.testing.assert_allclose(fit.covariance, expected, rtol=0.02, atol=0.05)
    rest = values.ravel() - model(points, *found)
    assert fit.residual == pytest.approx(np.linalg.norm(rest) / np.linalg.norm(values), rel=1e-3)
    assert np.sqrt(np.diag(erf_of(values).covariance)) == pytest.approx(erf_of(values).sigma)
    assert fit.sigma[0] < 0.6 * erf_of(values).sigma[0]


def test_residual_of_a_box_is_large() -> None:
    fit = fit_gaussian(np.pad(np.ones((21, 21)), 15) / 441)
    assert fit is not None
    assert 0.2 < fit.residual < 0.5


def test_radial_profile_adds_up() -> None:
    values = RANDOM.random((13, 18))
    rows = measures.radial_profile(values, [6.0, 8.5])
    assert sum(count for _, count, _, _ in rows) == values.size
    assert rows[-1][3] == pytest.approx(values.sum())
    assert all(a[3] < b[3] for a, b in itertools.pairwise(rows))
    assert sum(count * mean for _, count, mean, _ in rows) == pytest.approx(values.sum())


def test_contour_level_holds_its_share() -> None:
    values = RANDOM.random((30, 30))
    level = measures.highest_level(values, 0.5)
    assert values[values >= level].sum() >= 0.5 * values.sum() > values[values > level].sum()
    mass = RANDOM.random((30, 30)) ** 4
    level = measures.highest_level(values, 0.5, of=mass)
    assert mass[values >= level].sum() >= 0.5 * mass.sum() > mass[values > level].sum()


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 1.0])
def test_shortest_interval_is_the_shortest(share: float) -> None:
    for _ in range(20):
        values = RANDOM.integers(0, 4, 12).astype(float)
        values[5] += 1
        enough = [
            (hi - lo, -values[lo : hi + 1].sum(), lo)
            for lo, hi in itertools.combinations_with_replacement(range(12), 2)
            if values[lo : hi + 1].sum() >= share * values.sum() - 1e-9
        ]
        length, _, first = min(enough)
        assert measures.shortest_interval(values, share) == (first, first + length)


def test_empty_map_has_no_figures() -> None:
    erf = erf_of(np.zeros((8, 8)))
    figures = [erf.mass_radius(0.5), erf.area_ratio(0.5), erf.area_ratio_log10(0.5), erf.luo_size, erf.entropy]
    figures += [*erf.sigma, *erf.centroid, *erf.offset, erf.anisotropy, erf.share, erf.ratio]
    assert erf.empty
    assert all(math.isnan(figure) for figure in figures)
    assert erf.gaussian is None


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_shares_lie_between_0_and_1(share: float) -> None:
    erf = erf_of(np.ones((3, 3)))
    for ask in (erf.mass_radius, erf.area_ratio, erf.area_ratio_log10):
        with pytest.raises(QueryError, match=r"is no share of the mass; give a number from 0 to 1"):
            ask(share)


@pytest.mark.parametrize("begin", [(0, 0), (3, 20), (17, 28)])
def test_the_part_without_mass_takes_no_part(begin: tuple[int, int]) -> None:
    """Figures come from the box that holds the mass; here against the whole map, where it lies at a border and inside."""
    values = np.zeros((24, 40))
    values[begin[0] : begin[0] + 7, begin[1] : begin[1] + 12] = RANDOM.random((7, 12)) ** 3
    center = (begin[0] + 2.5, begin[1] + 7.0)
    erf = erf_of(values, center)
    for share in (0.0, 0.2, 0.5, 0.9):
        assert erf.mass_radius(share) == pytest.approx(measures.mass_radius(erf.map, center, [share])[0])
        assert erf.area_ratio(share) == measures.area_ratio(erf.map, center, share)
        middle = tuple(measures.nearest(c, n) for c, n in zip(center, values.shape, strict=True))
        assert erf.area_ratio(share) == pytest.approx(brute_area_ratio(erf.map, middle, share))
        whole = measures.area_ratio(np.log10(erf.map + 1), center, share)
        assert erf.area_ratio_log10(share) == pytest.approx(whole)
    assert erf.centroid == pytest.approx(measures.centroid(erf.map))
    assert erf.covariance == pytest.approx(measures.covariance(erf.map))
    assert erf.entropy == pytest.approx(measures.entropy(erf.map))
    fit = erf.gaussian
    assert fit is not None
    offsets = np.stack(np.meshgrid(*map(np.arange, values.shape), indexing="ij"), -1) - fit.mean
    model = fit.height * np.exp(-0.5 * np.einsum("...i,ij,...j", offsets, np.linalg.inv(fit.covariance), offsets))
    assert fit.residual == pytest.approx(np.linalg.norm(erf.map - model) / np.linalg.norm(erf.map), rel=1e-9)


def test_a_small_field_in_a_large_input_takes_little_memory() -> None:
    """The map itself is as large as the input; beside it there is no room for more than two of its kind."""

    def model(length: int) -> onnx.ModelProto:
        net = Net([1, 1, length, length])
        hidden = net.op("Relu", net.conv("x", np.ones((2, 1, 3, 3))))
        return net.model(net.conv(hidden, np.ones((1, 2, 3, 3)), name="y"))

    rfonnx.erf(model(8), "y", n=2)  # modules that are loaded with the first measurement are not counted
    large = model(1024)
    tracemalloc.start()
    try:
        erf = rfonnx.erf(large, "y", n=2, batch=2)
        "".join([*erf_json([erf]), *erf_csv([erf]), *render(erf_document([erf]), "text")])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * erf.map.nbytes

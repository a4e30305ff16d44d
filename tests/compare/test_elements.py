"""Quantiles of errors and elements beyond a tolerance, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

import rfonnx
import small_nets
from rfonnx.comparing.figures.elements import MOST, histogram, quantile
from rfonnx.comparing.figures.meter import Meter
from rfonnx.comparing.tasks.reader import Batch, TaskOptions
from rfonnx.results.agreement import OutputAgreement

QUICK = {"cost": False, "effective": False, "fields": False}


def measure(teacher: np.ndarray, student: np.ndarray, tolerance: tuple[float, float] | None = None) -> OutputAgreement:
    meter = Meter(("a", "b"), "values", TaskOptions(tolerance=tolerance))
    for begin in range(0, len(teacher), 5):
        part = slice(begin, begin + 5)
        names = [str(index) for index in range(len(teacher[part]))]
        meter.add(Batch(names, teacher[part], student[part], np.full(len(names), -1)))
    return meter.result()


@pytest.mark.parametrize("shape", [(40, 30), (12, 3, 50, 60)])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e20])
def test_quantiles(shape: tuple[int, ...], scale: float) -> None:
    """Within half a bin; of outputs of 9,000 elements, of which 512 are looked at, within what drawing them adds."""
    generator = np.random.default_rng(0)
    teacher = np.zeros(shape)
    student = generator.lognormal(0, 2, shape) * scale
    found = measure(teacher, student).measures
    near = 0.023 if student[0].size <= MOST else 0.2
    assert found["median_abs"].value == pytest.approx(np.quantile(student, 0.5, method="inverted_cdf"), rel=near)
    assert found["p99_abs"].value == pytest.approx(np.quantile(student, 0.99, method="inverted_cdf"), rel=near)


def test_equal_elements_have_quantile_0() -> None:
    teacher = np.ones((20, 10))
    student = teacher.copy()
    student[:, :4] += 1
    found = measure(teacher, student).measures
    assert found["median_abs"].value == 0
    assert found["p99_abs"].value == pytest.approx(1, rel=0.023)


def test_histogram_counts_all() -> None:
    errors = np.array([0.0, 1e-300, 1e-3, 1.0, 1e300])
    assert histogram(errors).sum() == 5
    assert np.isnan(quantile(np.zeros(3), 0.5))


@pytest.mark.parametrize("tolerance", [(0.1, 0.0), (0.05, 0.1), (0.0, 0.2)])
def test_elements_beyond_are_those_that_numpy_finds(tolerance: tuple[float, float]) -> None:
    teacher, noise = np.random.default_rng(1).standard_normal((2, 30, 50))
    student = teacher + 0.1 * noise
    found = measure(teacher, student, tolerance).measures["beyond"]
    assert found.value == 1 - np.isclose(student, teacher, rtol=tolerance[1], atol=tolerance[0]).mean()
    assert found.low is not None
    assert found.low < found.value


def test_a_tolerance_is_a_limit() -> None:
    one, other = small_nets.classifier(0), small_nets.damaged(small_nets.classifier(0), "w3", 1.01)
    options = {"kind": "int8", **QUICK}
    assert rfonnx.compare(one, other, tolerances={"": (1.0, 0.0)}, **options).passed
    strict = rfonnx.compare(one, other, tolerances={"scores": (1e-6, 0.0)}, **options)
    assert [verdict.measure for verdict in strict.verdicts if not verdict.passed] == ["beyond"]
    assert rfonnx.compare(one, other, tolerances={"": (1e-6, 0.0)}, limits={"beyond": 1.0}, **options).passed
    with pytest.raises(rfonnx.QueryError, match="a tolerance is given for output 'z', which is not compared"):
        rfonnx.compare(one, other, tolerances={"z": (1.0, 0.0)}, **options)

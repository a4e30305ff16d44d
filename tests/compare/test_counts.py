"""Counts of decisions against scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, rel_entr, softmax
from sklearn import metrics as oracle

from rfonnx.comparing.figures.counts import (
    NEAR,
    column_sums,
    determination,
    f_measure,
    label_sums,
    least_overlap,
    probable,
    sigmoid,
    step_sums,
)
from rfonnx.comparing.figures.metrics import mean_iou


def test_sigmoid() -> None:
    x = np.array([-1e4, -30, -1, 0, 1, 30, 1e4])
    np.testing.assert_allclose(sigmoid(x), expit(x), rtol=1e-15)


@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_labels(threshold: float) -> None:
    generator = np.random.default_rng(1)
    teacher = generator.random((30, 6, 5))
    teacher = np.where(np.abs(teacher - threshold) <= NEAR, 0.9, teacher)
    student = np.clip(teacher + generator.normal(0, 0.2, teacher.shape), 0, 1)
    sums = {name: column.sum(0) for name, column in label_sums(teacher, student, threshold).items()}
    assert sums["near"] == 0
    truth, said = (np.moveaxis(a >= threshold, 1, 2).reshape(-1, 6) for a in (teacher, student))
    found = f_measure(sums["both"], sums["lost"] + sums["added"])
    np.testing.assert_allclose(found, oracle.f1_score(truth, said, average=None))
    whole = f_measure(sums["both"].sum(), sums["lost"].sum() + sums["added"].sum())
    assert whole == pytest.approx(oracle.f1_score(truth, said, average="micro"))
    assert sums["decisions"] == truth.size


def test_flips_near_the_threshold_stand_apart() -> None:
    teacher = np.array([0.505, 0.495, 0.6, 0.4, 0.9, 0.505]).reshape(1, 6, 1)
    student = np.array([0.2, 0.9, 0.4, 0.6, 0.9, 0.505]).reshape(1, 6, 1)
    sums = label_sums(teacher, student, 0.5)
    assert sums["near"].tolist() == [2]
    assert sums["lost"].tolist() == [[0, 0, 1, 0, 0, 0]]
    assert sums["added"].tolist() == [[0, 0, 0, 1, 0, 0]]
    assert sums["both"].tolist() == [[0, 0, 0, 0, 1, 1]]


def test_no_label_at_all_is_agreement() -> None:
    assert f_measure(np.zeros(2), np.array([0.0, 3.0])).tolist() == [1, 0]


@pytest.mark.parametrize("classes", [2, 40_000])
def test_steps(classes: int) -> None:
    generator = np.random.default_rng(2)
    teacher = generator.standard_normal((3, 5, classes), np.float32) * 3
    student = teacher + generator.standard_normal(teacher.shape, np.float32)
    sums, picks_t, picks_s = step_sums(teacher, student, (False, False), 1.0)
    p, q = softmax(teacher.astype(float), -1), softmax(student.astype(float), -1)
    np.testing.assert_allclose(sums["step_kl"], rel_entr(p, q).sum((1, 2)), rtol=1e-6)
    assert sums["agreeing_steps"].sum() == oracle.accuracy_score(picks_t.ravel(), picks_s.ravel(), normalize=False)
    assert sums["steps"].tolist() == [5, 5, 5]
    both, *_ = step_sums(p, q * 1.01, (True, True), 1.0)
    np.testing.assert_allclose(both["step_kl"], rel_entr(p, q).sum((1, 2)), rtol=1e-6)
    mixed, *_ = step_sums(p, student, (True, False), 1.0)
    np.testing.assert_allclose(mixed["step_kl"], sums["step_kl"], rtol=1e-5)


def test_columns_far_from_zero() -> None:
    generator = np.random.default_rng(5)
    teacher = generator.standard_normal((60, 3)) * [1, 0.01, 5] + [1e6, -1e5, 0]
    student = teacher + generator.standard_normal((60, 3)) * [0.1, 0.005, 4]
    sums = {name: column.sum(0) for name, column in column_sums(teacher, student, teacher[0]).items()}
    found = determination(sums["column_dd"], sums["column_t"], sums["column_tt"], np.float64(60))
    np.testing.assert_allclose(found, oracle.r2_score(teacher, student, multioutput="raw_values"), rtol=1e-6)


def test_a_column_that_does_not_vary_has_no_share() -> None:
    teacher = np.array([[1.0, 3], [2, 3]])
    sums = {name: column.sum(0) for name, column in column_sums(teacher, teacher + 0.5, teacher[0]).items()}
    found = determination(sums["column_dd"], sums["column_t"], sums["column_tt"], np.float64(2))
    assert np.isnan(found).tolist() == [False, True]


def test_least_overlap() -> None:
    generator = np.random.default_rng(6)
    one, other = generator.integers(0, 4, 500), generator.integers(0, 4, 500)
    both = np.array([((one == c) & (other == c)).sum() for c in range(4)], float)
    either = np.array([((one == c) | (other == c)).sum() for c in range(4)], float)
    scores = oracle.jaccard_score(one, other, average=None)
    assert least_overlap(both, either, 0) == pytest.approx(scores.min())
    assert mean_iou(both, either) == pytest.approx(scores.mean())
    assert least_overlap(np.array([0.0, 900]), np.array([1.0, 1000]), 0.01) == 0.9
    assert least_overlap(np.zeros((3, 2)), np.zeros((3, 2)), 0.01).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.0, 1.0000001], True),
        ([-0.002, 1.002], True),
        ([0.2, 0.9], True),
        ([0.0, 1.2], False),
        ([-0.5, 0.5], False),
    ],
)
def test_probabilities_may_be_rounded(scores: list[float], expected: bool) -> None:
    assert probable(np.array(scores, np.float32)) is expected

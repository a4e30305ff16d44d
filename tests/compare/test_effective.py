"""Effective fields side by side: the figures on maps worked by hand, and on nets whose fields are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper

import rfonnx
import small_nets
from rfonnx.compare.effective import overlap, region, resampled
from rfonnx.comparison import Comparison


def compared(teacher: object, student: object, data: Path | None = None, **options: object) -> Comparison:
    return rfonnx.compare(teacher, student, data, cost=False, **options)  # type: ignore[arg-type]


def stack(*kernels: int, size: int = 21) -> object:
    """One conv per kernel, all weights 1, same size out; x (n, 1, size, size) to y."""
    nodes, weights = [], {}
    for index, kernel in enumerate(kernels):
        weights[f"w{index}"] = np.ones((1, 1, kernel, kernel), "f") / kernel**2
        before, after = (f"y{index - 1}" if index else "x"), ("y" if index == len(kernels) - 1 else f"y{index}")
        nodes.append(helper.make_node("Conv", [before, f"w{index}"], [after], pads=[kernel // 2] * 4))
    shape = ("n", 1, size, size)
    return small_nets.model(nodes, {"x": shape}, {"y": shape}, weights)


def test_a_model_against_itself() -> None:
    found = compared(stack(3, 3), stack(3, 3)).effective
    assert (found["overlap_50"], found["overlap_95"], found["unseen_mass"]) == (1, 1, 0)
    assert found["correlation"] == pytest.approx(1, abs=1e-12)
    assert found["area_95_teacher"] == found["area_95_student"]


def test_what_the_student_cannot_see() -> None:
    """A 5x5 box of equal weights, of which a 3x3 student sees 9 positions: 16/25 of the mass lie outside."""
    found = compared(stack(5), stack(3), kind="distilled")
    assert found.effective["unseen_mass"] == pytest.approx(16 / 25, abs=1e-6)
    verdict = next(v for v in found.verdicts if v.measure == "unseen_mass")
    assert not verdict.passed
    assert found.effective["overlap_95"] == pytest.approx(9 / 24)  # 24 of 25 equal positions hold 95%


def test_two_convolutions_make_a_triangle() -> None:
    """3x3 over 3x3: weights 1 2 3 2 1 along each axis, so the inner 3x3 holds (7/9)^2 of the mass."""
    found = compared(stack(3, 3), stack(3), kind="distilled").effective
    assert found["unseen_mass"] == pytest.approx(1 - (7 / 9) ** 2, abs=1e-6)


def test_a_classifier_is_measured_twice(models: Path) -> None:
    folder = models / "digits"
    found = compared(folder / "teacher.onnx", folder / "teacher_int8.onnx", folder / "test.npz", samples=16).effective
    assert found["correlation"] > 0.99
    assert 0.9 < found["output_correlation"] < 1
    assert found["unseen_mass"] == found["output_unseen_mass"] == 0


def test_an_operator_without_a_gradient_is_a_warning() -> None:
    net = small_nets.segmenter(size=(8, 8))
    net.graph.node[1].CopyFrom(helper.make_node("Round", ["c1"], ["r1"]))
    found = compared(net, net)
    assert found.effective == {} or found.effective["unseen_mass"] == 0
    assert any("effective fields were not compared" in line for line in found.warnings) == (not found.effective)


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

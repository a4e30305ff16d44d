"""SQNR by channel: what the loudest channels drown is seen, and what is silent in the teacher makes no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from rfonnx.comparing.figures.channels import channel_axes, channel_sums, ranges, worst_channels
from rfonnx.comparing.figures.meter import Meter
from rfonnx.comparing.tasks.reader import Batch
from rfonnx.results.agreement import OutputAgreement


def measure(teacher: np.ndarray, student: np.ndarray, batch: int = 3) -> OutputAgreement:
    meter = Meter(("a", "b"), "values")
    for begin in range(0, len(teacher), batch):
        part = slice(begin, begin + batch)
        names = [f"s{i}" for i in range(len(teacher[part]))]
        meter.add(Batch(names, teacher[part], student[part], np.full(len(names), -1)))
    return meter.result()


def worst(teacher: np.ndarray, student: np.ndarray) -> tuple[float, str]:
    found = measure(teacher, student)
    return found.measures["sqnr_channel"].value, found.places["sqnr_channel"]


def boxes_and_scores(classes: int = 6, anchors: int = 1500) -> np.ndarray:
    """(20, 4 + classes, anchors): boxes in pixels, sparse scores of which the rarest class never passes 0.0015."""
    generator = np.random.default_rng(0)
    boxes = generator.uniform(0, 640, (20, 4, anchors))
    peaks = np.geomspace(0.9, 0.0015, classes)[None, :, None]
    scores = peaks * generator.random((20, classes, anchors)) ** 20
    return np.concatenate([boxes, scores], 1).astype(np.float32)


def quantised(values: np.ndarray, step: float) -> np.ndarray:
    return (np.round(values / step) * step).astype(np.float32)


@pytest.mark.parametrize("axis", [1, 2])
def test_scores_that_are_lost_are_seen(axis: int) -> None:
    teacher = np.moveaxis(boxes_and_scores(), 1, axis)
    found = measure(teacher, quantised(teacher, 640 / 255))
    assert found.measures["sqnr_db"].value > 40
    assert found.measures["sqnr_channel"].value < 1
    assert found.places["sqnr_channel"] == f"channels of axis {axis}: 4 to 9"


def test_a_class_that_no_sample_shows_makes_no_alarm() -> None:
    """Scores in 8 bits of their own: the rarest class is rounded to 0, and that is as small an error as any."""
    teacher = boxes_and_scores()
    student = teacher.copy()
    student[:, 4:] = quantised(teacher[:, 4:], 1 / 255)
    student[:, :4] = quantised(teacher[:, :4], 640 / 255)
    assert not student[:, 9].any()
    assert worst(teacher, student)[0] > 20


def test_one_lost_class_among_many_is_named() -> None:
    teacher = boxes_and_scores()
    student = quantised(teacher, 1 / 4096)
    student[:, 5] = 0
    assert worst(teacher, student) == (0.0, "channels of axis 1: 5")


@pytest.mark.parametrize("value", [0.0, 1e-5])
def test_dead_channels_are_none(value: float) -> None:
    """Of zeros or of roundings, which another order of sums turns into others."""
    teacher = np.random.default_rng(1).standard_normal((20, 5, 30)) * 100
    student = teacher * (1 + 1e-6)
    teacher[:, 2], student[:, 2] = value, -value
    assert worst(teacher, student)[0] == pytest.approx(120, abs=0.1)


def test_all_channels_alike_have_the_sqnr_of_all() -> None:
    generator = np.random.default_rng(2)
    teacher = generator.standard_normal((30, 8, 50))
    found = measure(teacher, teacher + 0.1 * generator.standard_normal(teacher.shape))
    assert found.measures["sqnr_channel"].value == pytest.approx(found.measures["sqnr_db"].value)
    assert found.places["sqnr_channel"].endswith(": all")


def test_a_model_against_itself_has_no_worst_channel() -> None:
    assert worst(boxes_and_scores(), boxes_and_scores())[0] == np.inf


def test_sums_are_numpy_s_whatever_the_batches() -> None:
    teacher, student = np.random.default_rng(3).standard_normal((2, 7, 6, 5, 4)).astype(np.float32)
    for axis in (1, 3):
        others = tuple({0, 1, 2, 3} - {axis})
        wide, error = teacher.astype(float), student.astype(float) - teacher
        signal, noise, peak = channel_sums(teacher, student, axis)
        assert signal == pytest.approx((wide**2).sum(others))
        assert noise == pytest.approx((error**2).sum(others))
        assert peak == pytest.approx(np.abs(wide).max(others))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((3, 84, 8400), (1,)),
        ((3, 25200, 85), (2,)),
        ((3, 100, 4), (1, 2)),
        ((3, 10), (1,)),
        ((3,), ()),
        ((3, 1, 640), (2,)),
    ],
)
def test_axes_that_may_be_of_channels(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    assert channel_axes(shape) == axes


def test_an_axis_whose_length_changes_counts_no_channels() -> None:
    meter = Meter(("a", "b"), "values")
    for length in (5, 7):
        rows = np.random.default_rng(length).standard_normal((2, 3, length))
        rows[:, 1] *= 1e-3
        student = rows.copy()
        student[:, 1] = 0
        meter.add(Batch(["x", "y"], rows, student, np.full(2, -1)))
    found = meter.result()
    assert (found.measures["sqnr_channel"].value, found.places["sqnr_channel"]) == (0.0, "channels of axis 1: 1")


def test_no_channels_no_figure() -> None:
    found = measure(np.ones((4, 3000)), np.ones((4, 3000)))
    assert "sqnr_channel" not in found.measures


def test_kinds_of_channels_are_split_where_they_are_far_apart() -> None:
    peak = np.array([300.0, 0.5, 640.0, 0.01, 0.0])
    noise = np.array([1.0, 0.1, 1.0, 0.1, 7.0])
    one = np.zeros(5, np.intp)
    value, positions = worst_channels(noise * 10, noise, peak, one)
    assert (round(value, 6), sorted(positions.tolist())) == (10.0, [0, 2])
    assert worst_channels(np.where(peak < 1, noise, noise * 10), noise, peak, one)[1].tolist() == [1, 3]
    assert ranges(np.array([0, 2, 4, 6, 8])) == "0, 2, 4 and more"

"""Every figure against an independent implementation: scipy and scikit-learn where they have it, plain numpy elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from scipy.special import rel_entr, softmax
from scipy.stats import binomtest
from sklearn import metrics as oracle

from rfonnx.comparing.figures.bootstrap import wilson
from rfonnx.comparing.figures.meter import BLOCK_SAMPLES, Meter
from rfonnx.comparing.tasks.reader import Batch, TaskOptions
from rfonnx.results.agreement import OutputAgreement

NEAR = {"rel": 1e-6, "abs": 1e-9}


def measure(
    teacher: np.ndarray, student: np.ndarray, batch: int = 7, labels: np.ndarray | None = None, **how
) -> OutputAgreement:
    own = {name: how.pop(name) for name in ("class_axis", "temperature") if name in how}
    meter = Meter(("a", "b"), options=TaskOptions(**own), **how)
    labels = np.full(len(teacher), -1) if labels is None else labels
    for begin in range(0, len(teacher), batch):
        part = slice(begin, begin + batch)
        names = [f"s{i}" for i in range(begin, min(begin + batch, len(teacher)))]
        meter.add(Batch(names, teacher[part], student[part], labels[part]))
    return meter.result()


def value(found: OutputAgreement, name: str) -> float:
    return found.measures[name].value


def scores(seed: int, shape: tuple[int, ...], noise: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    teacher = generator.standard_normal(shape, np.float32) * 2
    return teacher, teacher + noise * generator.standard_normal(shape, np.float32)


@pytest.mark.parametrize("shape", [(40, 12), (30, 3, 8, 9), (BLOCK_SAMPLES + 9, 2), (3, 2, 400, 401), (5,)])
def test_errors(shape: tuple[int, ...]) -> None:
    teacher, student = scores(1, shape)
    found = measure(teacher, student, task="values")
    a, b = teacher.reshape(len(teacher), -1).astype(float), student.reshape(len(teacher), -1).astype(float)
    assert value(found, "max_abs") == pytest.approx(np.abs(a - b).max(), **NEAR)
    assert value(found, "mean_abs") == pytest.approx(oracle.mean_absolute_error(a.ravel(), b.ravel()), **NEAR)
    assert value(found, "rmse") == pytest.approx(oracle.root_mean_squared_error(a.ravel(), b.ravel()), **NEAR)
    cosines = [1 - cosine(x, y) for x, y in zip(a, b, strict=True)]
    assert value(found, "cosine") == pytest.approx(np.mean(cosines), **NEAR)
    assert value(found, "sqnr_db") == pytest.approx(10 * np.log10((a**2).sum() / ((b - a) ** 2).sum()), **NEAR)
    mse = oracle.mean_squared_error(a.ravel(), b.ravel())
    assert value(found, "psnr_db") == pytest.approx(10 * np.log10((a.max() - a.min()) ** 2 / mse), **NEAR)


def test_classifier() -> None:
    teacher, student = scores(2, (230, 17), 1.5)
    labels = np.random.default_rng(3).integers(0, 17, 230)
    found = measure(teacher, student, labels=labels)
    assert found.task == "classifier"
    pick = teacher.argmax(1)
    assert value(found, "top1") == pytest.approx(oracle.accuracy_score(pick, student.argmax(1)), **NEAR)
    assert value(found, "top5") == pytest.approx(
        oracle.top_k_accuracy_score(pick, student, k=5, labels=range(17)), **NEAR
    )
    reverse = oracle.top_k_accuracy_score(student.argmax(1), teacher, k=5, labels=range(17))
    assert value(found, "top5_reverse") == pytest.approx(reverse, **NEAR)
    p, q = softmax(teacher.astype(float), 1), softmax(student.astype(float), 1)
    assert value(found, "kl") == pytest.approx(rel_entr(p, q).sum(1).mean(), **NEAR)
    assert value(found, "kl_reverse") == pytest.approx(rel_entr(q, p).sum(1).mean(), **NEAR)
    assert value(found, "confidence_shift") == pytest.approx((q.max(1) - p.max(1)).mean(), **NEAR)
    assert value(found, "accuracy_teacher") == pytest.approx(oracle.accuracy_score(labels, pick), **NEAR)
    assert value(found, "accuracy_student") == pytest.approx(oracle.accuracy_score(labels, student.argmax(1)), **NEAR)


def test_temperature() -> None:
    teacher, student = scores(4, (60, 9))
    p, q = softmax(teacher.astype(float) / 3, 1), softmax(student.astype(float) / 3, 1)
    found = measure(teacher, student, temperature=3.0)
    assert value(found, "kl") == pytest.approx(rel_entr(p, q).sum(1).mean(), **NEAR)
    confidence = softmax(student.astype(float), 1).max(1) - softmax(teacher.astype(float), 1).max(1)
    assert value(found, "confidence_shift") == pytest.approx(confidence.mean(), **NEAR)


def test_probabilities_are_not_softmaxed_again() -> None:
    teacher, student = scores(5, (50, 8))
    p, q = softmax(teacher, 1), softmax(student, 1)
    plain, mixed = measure(p, q), measure(p, student)
    expected = rel_entr(p.astype(float), q.astype(float)).sum(1).mean()
    assert value(plain, "kl") == pytest.approx(expected, rel=1e-5)
    assert value(mixed, "kl") == pytest.approx(expected, rel=1e-5)


def test_calibration_difference() -> None:
    teacher, student = scores(6, (400, 5), 2.0)
    p, q = softmax(teacher.astype(float), 1).max(1), softmax(student.astype(float), 1).max(1)
    edges = np.linspace(0, 1, 16)
    which = np.digitize((p + q) / 2, edges[1:-1])
    expected = sum((which == b).mean() * abs(q[which == b].mean() - p[which == b].mean()) for b in set(which.tolist()))
    assert value(measure(teacher, student), "calibration_difference") == pytest.approx(expected, **NEAR)


def test_segmentation() -> None:
    teacher, student = scores(7, (11, 5, 20, 13), 1.0)
    found = measure(teacher, student)
    assert found.task == "segmentation"
    a, b = teacher.argmax(1).ravel(), student.argmax(1).ravel()
    assert value(found, "agreement") == pytest.approx(oracle.accuracy_score(a, b), **NEAR)
    assert value(found, "mean_iou") == pytest.approx(oracle.jaccard_score(a, b, average="macro"), **NEAR)


def test_class_axis() -> None:
    teacher, student = scores(8, (4, 6, 7, 3))
    found = measure(teacher, student, task="segmentation", class_axis=3)
    assert value(found, "agreement") == (teacher.argmax(3) == student.argmax(3)).mean()


def test_classes_may_stand_last() -> None:
    teacher, student = scores(19, (3, 9, 11, 4))
    found = measure(teacher, student)
    assert (found.task, found.class_axis) == ("segmentation", 3)
    assert value(found, "agreement") == (teacher.argmax(3) == student.argmax(3)).mean()
    assert measure(*scores(19, (2, 512, 7, 7))).class_axis == 1


def test_labels_whose_classes_appear_late() -> None:
    generator = np.random.default_rng(9)
    teacher, student = generator.integers(0, 3, (40, 30)), generator.integers(0, 3, (40, 30))
    teacher[-1, 0] = 9
    found = measure(teacher, student, batch=40 // 2)
    assert found.task == "labels"
    assert value(found, "mean_iou") == pytest.approx(
        oracle.jaccard_score(teacher.ravel(), student.ravel(), average="macro"), **NEAR
    )


def test_a_student_that_answers_the_same_for_all_tells_nothing() -> None:
    """The KL of the best constant answer is the mutual information of sample and class (Cover and Thomas, 2.35)."""
    rng = np.random.default_rng(3)
    score = rng.uniform(0.001, 0.1, 200)
    teacher = np.stack([1 - score, score], 1)
    constant = np.broadcast_to(teacher.mean(0), teacher.shape).copy()
    found = measure(teacher, constant)
    assert value(found, "top1") == 1
    assert value(found, "kl_constant") == pytest.approx(1, rel=1e-6)
    rough = np.stack([1 - score * 1.1, score * 1.1], 1)
    told = rel_entr(teacher, constant).sum(1).mean()
    assert value(measure(teacher, rough), "kl_constant") == pytest.approx(
        rel_entr(teacher, rough).sum(1).mean() / told, rel=1e-4
    )
    assert "kl_constant" not in measure(constant, teacher).measures


@pytest.mark.parametrize("shape", [(64, 10), (9, 4, 6, 6), (20, 3)])
def test_a_model_against_itself_is_exact(shape: tuple[int, ...]) -> None:
    teacher, _ = scores(10, shape)
    found = measure(teacher, teacher.copy())
    for name in ("max_abs", "mean_abs", "rmse", "kl", "kl_reverse", "confidence_shift", "calibration_difference"):
        if name in found.measures:
            assert value(found, name) == 0, name
    for name in ("cosine", "top1", "top5", "agreement", "mean_iou"):
        if name in found.measures:
            assert value(found, name) == 1, name
    assert value(found, "sqnr_db") == value(found, "psnr_db") == np.inf


@pytest.mark.parametrize("shape", [(90, 10), (9, 4, 6, 6)])
def test_swapped_operands_are_the_mirror_image(shape: tuple[int, ...]) -> None:
    teacher, student = scores(11, shape)
    one, other = measure(teacher, student), measure(student, teacher)
    partner = {"kl": "kl_reverse", "kl_reverse": "kl", "top5": "top5_reverse", "top5_reverse": "top5"}
    energy = 10 * np.log10((student.astype(float) ** 2).sum() / (teacher.astype(float) ** 2).sum())
    span = 20 * np.log10(np.ptp(student.astype(float)) / np.ptp(teacher.astype(float)))
    of_the_teacher = {"top1_clear", "near_ties", "flip_margin", "cosine_weighted", "kl_constant"}
    for name in one.measures.keys() - of_the_teacher:
        expected = value(one, partner.get(name, name))
        expected = -expected if name == "confidence_shift" else expected
        expected += {"sqnr_db": energy, "psnr_db": span}.get(name, 0.0)
        assert value(other, name) == pytest.approx(expected, **NEAR), name


def test_axes_of_length_1_at_the_end_do_not_count() -> None:
    teacher, student = scores(18, (20, 6))
    found = measure(teacher, student.reshape(20, 6, 1, 1))
    assert found.task == "classifier"
    assert value(found, "rmse") == value(measure(teacher, student), "rmse")
    assert measure(teacher.reshape(20, 6, 1, 1), student.reshape(20, 6, 1, 1)).task == "classifier"


def nearly_tied(error: float, flips: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """100 samples of 4 classes; on the first the two best logits differ by 0.01, and the student's errors turn them round."""
    teacher = np.random.default_rng(20).standard_normal((100, 4), np.float32)
    teacher[:, :2] += [[20.0, 6.0]]
    teacher[:flips, 1] = teacher[:flips, 0] - 0.01
    student = teacher.copy()
    student[:, 1] += error
    return teacher, student


def test_near_ties_are_flips_that_are_not_judged() -> None:
    found = measure(*nearly_tied(0.02), task="classifier")
    assert (value(found, "top1"), value(found, "near_ties"), value(found, "top1_clear")) == (0.97, 0.03, 1)
    assert value(found, "flip_margin") == pytest.approx(0.01, rel=1e-3)
    assert {case.sample for case in found.worst["flip_margin"]} == {"s0", "s1", "s2"}


def test_a_flip_over_a_clear_choice_is_judged() -> None:
    teacher, student = nearly_tied(0.02)
    student[50, 2] = student[50, 0] + 1
    found = measure(teacher, student, task="classifier")
    assert (value(found, "near_ties"), value(found, "top1_clear")) == (0.03, 0.99)
    assert found.worst["flip_margin"][0].sample == "s50"


def test_near_ties_excuse_no_large_error() -> None:
    """A net that tells classes hardly apart, and a student that gives something else altogether."""
    generator = np.random.default_rng(21)
    teacher, student = generator.standard_normal((2, 200, 8)) * 0.01
    found = measure(teacher, student, task="classifier")
    assert value(found, "near_ties") > 0.5
    assert value(found, "top1_clear") == value(found, "top1") < 0.3


@pytest.mark.parametrize(("share", "samples"), [(1.0, 40), (0.975, 40), (0.2, 5), (0.0, 12)])
def test_intervals_of_shares_are_wilson_s(share: float, samples: int) -> None:
    expected = binomtest(round(share * samples), samples).proportion_ci(method="wilson")
    assert wilson(share, samples) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_ties_go_to_the_first_class() -> None:
    teacher = np.eye(8, dtype=np.float32)
    found = measure(teacher, np.zeros((8, 8), np.float32))
    assert value(found, "top1") == 1 / 8
    assert value(found, "top5") == 5 / 8  # a student that says nothing agrees by chance only


def test_worst_samples_are_named() -> None:
    teacher, _ = scores(12, (100, 6))
    student = teacher.copy()
    student[[17, 63]] += [[5.0], [-9.0]]
    found = measure(teacher, student, task="values")
    assert [(case.sample, round(case.value, 5)) for case in found.worst["max_abs"]][:2] == [("s63", 9.0), ("s17", 5.0)]
    assert found.worst["sqnr_db"][0].sample in ("s63", "s17")
    assert [case.sample for case in found.worst["max_abs"]][2:] == ["s0", "s1", "s2"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_located_and_left_out(bad: float) -> None:
    teacher, student = scores(13, (50, 3, 4))
    clean = measure(np.delete(teacher, (20, 33), 0), np.delete(student, (20, 33), 0), task="values")
    student[20, 2, 1] = student[33, 0, 0] = bad
    found = measure(teacher, student, task="values")
    (place,) = found.nonfinite
    assert (place.model, place.tensor, place.sample, place.position, place.samples) == (
        "student",
        "b",
        "s20",
        (2, 1),
        2,
    )
    assert place.value == str(bad)
    assert found.samples == 48
    assert value(found, "rmse") == pytest.approx(value(clean, "rmse"), **NEAR)


@pytest.mark.parametrize("task", ["values", "classifier"])
def test_infinities_that_both_give_are_agreement(task: str) -> None:
    """Masked scores."""
    teacher, student = scores(22, (50, 6))
    clean = measure(teacher[:, :5], student[:, :5], task=task)
    teacher[:, 5] = student[:, 5] = -np.inf
    found = measure(teacher, student, task=task)
    assert (found.nonfinite, found.samples) == ((), 50)
    assert value(found, "max_abs") == value(clean, "max_abs")
    if task == "classifier":
        assert value(found, "top1") == value(clean, "top1")
    student[7, 5] = np.inf
    (place,) = {found.sample for found in measure(teacher, student, task=task).nonfinite}
    assert place == "s7"


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_empty_outputs_agree(dtype: type) -> None:
    """No detections."""
    empty = np.zeros((12, 0, 4), dtype)
    found = measure(empty, empty)
    assert (found.task, found.samples, value(found, "same_rows")) == ("rows", 12, 1)
    assert "max_abs" not in found.measures, "there is no number that could differ"
    assert found.notes[0] == "why rows: there are none on any sample"


def test_samples_that_are_all_but_zero_do_not_decide_the_cosine() -> None:
    teacher, student = scores(23, (100, 20), 0.1)
    teacher[::2] *= 1e-6
    student[::2] = np.random.default_rng(0).standard_normal((50, 20)) * 1e-6
    found = measure(teacher, student, task="values")
    assert value(found, "cosine") < 0.6
    loud = [1 - cosine(t, s) for t, s in zip(teacher[1::2], student[1::2], strict=True)]
    assert value(found, "cosine_weighted") == pytest.approx(
        np.average(loud, weights=np.linalg.norm(teacher[1::2], axis=1)), abs=1e-5
    )


def test_sqnr_of_what_varies() -> None:
    teacher, student = scores(24, (60, 30), 0.2)
    offset = np.float32(100)
    found = measure(teacher + offset, student + offset, task="values")
    a, b = (teacher + offset).astype(float), (student + offset).astype(float)
    expected = 10 * np.log10(a.var() / ((b - a) ** 2).mean())
    assert value(found, "sqnr_varying") == pytest.approx(expected, rel=1e-6)
    assert value(found, "sqnr_varying") == pytest.approx(
        -10 * np.log10(1 - oracle.r2_score(a.ravel(), b.ravel())), rel=1e-6
    )
    assert value(found, "sqnr_db") > expected + 30
    assert "sqnr_varying" not in measure(np.full((20, 5), 3.0), np.full((20, 5), 3.1), task="values").measures


def test_low_precision_outputs() -> None:
    teacher, student = scores(14, (30, 7))
    found = measure(teacher.astype(np.float16), student.astype(np.float16), task="values")
    error = student.astype(np.float16).astype(float) - teacher.astype(np.float16).astype(float)
    assert value(found, "rmse") == pytest.approx(np.sqrt((error**2).mean()), **NEAR)


def test_intervals_cover_what_resampling_gives() -> None:
    """The streamed Poisson bootstrap against the usual one, drawn here with numpy."""
    teacher, student = scores(15, (700, 10), 2.0)
    agree = teacher.argmax(1) == student.argmax(1)
    draws = np.random.default_rng(0).integers(0, 700, (4000, 700))
    low, high = np.quantile(agree[draws].mean(1), [0.025, 0.975])
    found = measure(teacher, student).measures["top1"]
    assert found.low == pytest.approx(low, abs=0.012)
    assert found.high == pytest.approx(high, abs=0.012)
    assert found.low < found.value < found.high


def test_few_samples_have_no_interval() -> None:
    teacher, student = scores(16, (9, 10))
    assert measure(teacher, student).measures["rmse"].low is None


def test_batches_do_not_change_the_figures() -> None:
    teacher, student = scores(17, (1200, 11))
    one, other = measure(teacher, student, batch=1200), measure(teacher, student, batch=13)
    for name in one.measures:
        assert value(one, name) == pytest.approx(value(other, name), rel=1e-12, abs=1e-15), name

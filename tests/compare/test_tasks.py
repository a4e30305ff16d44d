"""Kinds of task as the meter runs them: each tells a good student from a broken one, and says where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as oracle

import rfonnx
from rfonnx.comparing.figures.meter import Meter
from rfonnx.comparing.tasks import embedding
from rfonnx.comparing.tasks.reader import Batch, TaskOptions
from rfonnx.comparing.tasks.registry import READERS
from rfonnx.comparing.tasks.spec import EXAMPLES, KEYS, read_task
from rfonnx.errors import QueryError
from rfonnx.results.agreement import OutputAgreement
from rfonnx.results.measures import MEASURES

RANDOM = np.random.default_rng(0)


def measured(task: str, teacher: np.ndarray, student: np.ndarray, batch: int = 7) -> OutputAgreement:
    word, options = read_task(task, TaskOptions())
    meter = Meter(("a", "b"), word, options)
    for begin in range(0, len(teacher), batch):
        part = slice(begin, begin + batch)
        names = [f"s{i}" for i in range(begin, min(begin + batch, len(teacher)))]
        meter.add(Batch(names, teacher[part], student[part], np.full(len(names), -1)))
    return meter.result()


def values(found: OutputAgreement) -> dict[str, float]:
    return {name: measure.value for name, measure in found.measures.items()}


@pytest.mark.parametrize("task", READERS)
def test_every_measure_is_declared(task: str) -> None:
    reader = READERS[task]  # type: ignore[index]
    assert set(reader.figures) | set(reader.worst) <= set(MEASURES)


def test_embedding() -> None:
    teacher = RANDOM.standard_normal((60, 16)).astype(np.float32)
    good = measured("embedding", teacher, teacher + 0.01 * RANDOM.standard_normal(teacher.shape))
    assert values(good)["recall_1"] == 1
    assert good.measures["neighbours"].value > 0.9
    swapped = teacher.copy()
    swapped[[3, 8]] = swapped[[8, 3]]
    found = measured("embedding", teacher, swapped)
    assert values(found)["recall_1"] == pytest.approx(58 / 60)
    assert found.measures["recall_1"].low == pytest.approx(0.92, abs=0.03)
    assert "s3" in found.notes[0]
    assert {case.sample for case in found.worst["cosine"][:2]} == {"s3", "s8"}


def test_embeddings_are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "KEPT", 50)
    teacher = RANDOM.standard_normal((400, 8)).astype(np.float32)
    student = teacher.copy()
    student[::2] = RANDOM.standard_normal((200, 8))
    found = measured("embedding", teacher, student)
    assert found.notes[0] == "neighbours were looked for among 50 of 400 samples"
    assert 0.3 < values(found)["recall_1"] < 0.7, "the kept ones are no fair draw"


def test_regression_names_the_column() -> None:
    """The third column is off by its own spread; its mean of 100 hides that from the SQNR."""
    teacher = RANDOM.standard_normal((80, 2, 2)) + 100
    student = teacher + 0.001
    student[:, 1, 0] = 100 + RANDOM.standard_normal(80)
    found = measured("regression", teacher, student)
    assert values(found)["sqnr_db"] > 40
    columns = oracle.r2_score(teacher.reshape(80, 4), student.reshape(80, 4), multioutput="raw_values")
    assert values(found)["r2"] == pytest.approx(columns.min())
    assert found.places["r2"] == "column 1, 0"


def test_segmentation_names_the_worst_class() -> None:
    """The student loses a small class: the mean hides it."""
    numbers = RANDOM.choice(5, (6, 40, 40), p=[0.5, 0.3, 0.1, 0.06, 0.04])
    teacher = np.eye(5)[numbers].transpose(0, 3, 1, 2)
    lost = np.where((numbers == 4) & (RANDOM.random(numbers.shape) < 0.94), 0, numbers)
    found = measured("segmentation", teacher, np.eye(5)[lost].transpose(0, 3, 1, 2))
    each = oracle.jaccard_score(numbers.ravel(), lost.ravel(), average=None)
    assert values(found)["worst_iou"] == pytest.approx(each.min())
    assert each.min() < 0.1
    assert each.mean() > 0.78
    assert found.places["worst_iou"] == "class 4 of 5"


@pytest.mark.parametrize("logits", [False, True])
def test_one_channel_is_one_class_against_none(logits: bool) -> None:
    """The best of one channel is always the same one: every student would agree."""
    teacher = RANDOM.random((4, 1, 20, 20))
    student = np.clip(teacher + RANDOM.normal(0, 0.2, teacher.shape), 0.001, 0.999)
    expected = oracle.jaccard_score((teacher >= 0.3).ravel(), (student >= 0.3).ravel(), average=None)
    sides = [np.log(a / (1 - a)) if logits else a for a in (teacher, student)]
    found = measured("segmentation:threshold=0.3", *sides)
    assert values(found)["mean_iou"] == pytest.approx(expected.mean())
    assert found.places["worst_iou"] == f"class {expected.argmin()} of 2"


def test_multilabel_names_the_label() -> None:
    teacher = np.where(RANDOM.random((40, 30, 6)) < 0.2, 0.9, 0.1)
    student = teacher.copy()
    student[:, :, 4] = np.where(RANDOM.random((40, 30)) < 0.5, 0.1, student[:, :, 4])
    found = measured("multilabel", teacher, student)
    truth, said = ((a >= 0.5).reshape(-1, 6) for a in (teacher, student))
    assert values(found)["label_f1"] == pytest.approx(oracle.f1_score(truth, said, average="micro"))
    assert values(found)["worst_label_f1"] == pytest.approx(oracle.f1_score(truth, said, average=None).min())
    assert values(found)["label_agreement"] == pytest.approx((truth == said).mean())
    assert found.places["worst_label_f1"].startswith("label 4: ")


def test_a_transcriber_that_loses_a_fifth_of_its_notes_keeps_15_db() -> None:
    """Most of what it gives are small numbers; the notes that it loses fall just under the threshold."""
    teacher = np.where(RANDOM.random((20, 100, 88)) < 0.02, 0.6, 0.02)
    lost = (teacher > 0.5) & (RANDOM.random(teacher.shape) < 0.2)
    found = measured("multilabel", teacher, np.where(lost, 0.48, teacher))
    assert values(found)["sqnr_db"] > 15
    assert 0.85 < values(found)["label_f1"] < 0.9, "under the limit of int8"


def test_labels_that_nobody_gives_are_not_measured() -> None:
    teacher = np.full((12, 5), 0.1)
    found = measured("multilabel", teacher, teacher)
    assert "label_f1" not in found.measures
    assert "gives no label at all" in found.notes[-1]


def steps(picks: list[list[int]], classes: int = 5) -> np.ndarray:
    return np.eye(classes)[np.array(picks)] * 8


def test_sequence() -> None:
    teacher = steps([[0, 1, 1, 0, 1, 2], [0, 0, 3, 3, 0, 0], [0, 0, 0, 0, 0, 0]])
    student = steps([[1, 1, 0, 1, 2, 2], [0, 3, 0, 3, 0, 0], [0, 0, 0, 0, 0, 0]])
    found = measured("sequence", teacher, student)
    assert values(found)["exact_strings"] == pytest.approx(2 / 3)
    assert values(found)["edit_rate"] == pytest.approx(1 / 4)
    assert found.worst["edit_rate"][0].sample == "s1"
    assert found.notes[0].startswith("decoded greedily (CTC), class 0 is the blank (found: ")


def test_the_blank_may_be_the_last_class() -> None:
    teacher = steps([[4, 1, 4, 4, 0, 4]] * 2)
    student = steps([[4, 1, 1, 4, 0, 4], [4, 4, 4, 4, 0, 4]])
    found = measured("sequence", teacher, student)
    assert "class 4 is the blank (found" in found.notes[0]
    assert values(found)["exact_strings"] == 0.5
    assert "class 4 is the blank (as said)" in measured("sequence:blank=last", teacher, student).notes[0]
    assert values(measured("sequence:blank=1", teacher, student))["exact_strings"] == 0.5


def test_tokens() -> None:
    teacher = RANDOM.standard_normal((12, 9, 30)) * 3
    student = teacher + RANDOM.standard_normal(teacher.shape)
    found = measured("tokens", teacher, student)
    assert values(found)["agreement"] == pytest.approx((teacher.argmax(2) == student.argmax(2)).mean())
    one = measured("classifier", teacher.reshape(-1, 30), student.reshape(-1, 30))
    assert values(found)["kl"] == pytest.approx(values(one)["kl"])


def rows(boxes: list[list[float]]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 6)


def test_detection_of_varying_rows() -> None:
    one, other = [10, 10, 30, 40, 0.9, 1], [50, 12, 80, 60, 0.6, 0]
    pairs = [([one, other], [other, one]), ([one, other], [one]), ([], []), ([one], [one, other])]
    meter = Meter(("a", "b"), "detection")
    for index, (a, b) in enumerate(pairs):
        meter.add(Batch([f"s{index}"], rows(a)[None], rows(b)[None], np.full(1, -1)))
    found = meter.result()
    assert values(found) == pytest.approx(
        {"box_f1": 8 / 10, "boxes_found": 4 / 5, "boxes_confirmed": 4 / 5, "box_iou": 1, "score_error": 0}
    )
    assert found.places["box_f1"] == "of the teacher's 5 boxes 1 lost; 1 added"
    assert {case.sample for case in found.worst["box_f1"][:2]} == {"s1", "s3"}


def test_detection_without_a_box_judges_nothing() -> None:
    found = measured("detection", np.zeros((3, 6, 100)), np.zeros((3, 6, 100)))
    assert "box_f1" not in found.measures
    assert found.notes[-1].startswith("the teacher finds no box with a score of 0.25")


def test_raw_candidates_have_errors_and_decided_rows_have_not() -> None:
    """The order of decided rows means nothing."""
    candidates = RANDOM.random((3, 6, 50))
    assert values(measured("detection", candidates, candidates + 0.01))["rmse"] == pytest.approx(0.01)
    decided = np.stack([rows([[10, 10, 30, 40, 0.9, 1], [50, 12, 80, 60, 0.6, 0]])] * 3)
    found = measured("detection", decided, decided[:, ::-1])
    assert values(found)["box_f1"] == 1
    assert "rmse" not in found.measures


@pytest.mark.parametrize("axes", [(3, 4, 5, 6), (3, 9)])
def test_boxes_need_two_axes(axes: tuple[int, ...]) -> None:
    with pytest.raises(QueryError, match=r"cannot be read as detection: a sample has . axes, and boxes need two"):
        measured("detection", np.zeros(axes), np.zeros(axes))


@pytest.mark.parametrize(("task", "shape"), [("sequence", (3, 4)), ("tokens", (3, 4)), ("multilabel", (3,))])
def test_what_cannot_be_read_so_is_said(task: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(QueryError, match=f"output 'a' cannot be read as {task}: "):
        measured(task, np.ones(shape), np.ones(shape))


def test_every_option_has_an_example_that_reads() -> None:
    assert {key for keys in KEYS.values() for key in keys} == set(EXAMPLES)
    for task, keys in KEYS.items():
        assert read_task(f"{task}:{','.join(EXAMPLES[key] for key in keys)}", TaskOptions())[0] == task


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("boxes", r"there is no task 'boxes'; there are .*detection"),
        ("detection:blank=0", r"the task 'detection' has no option 'blank'; it takes score"),
        ("values:axis=1", r"the task 'values' has no option 'axis'; it takes none"),
        ("detection:score=2", r"score of the task 'detection' is '2', expected a number from 0 to 1"),
        ("detection:score=nan", r"expected a number from 0 to 1"),
        ("detection:columns=score", r"expected box and score"),
        ("detection:columns=box+box+score", r"expected box and score"),
        ("detection:boxes=yxyx", r"expected one of cxcywh, xyxy, xywh"),
        ("sequence:blank=-1", r"expected a class number, or last"),
        ("tokens:axis=", r"expected the number of an axis"),
    ],
)
def test_what_means_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        read_task(text, TaskOptions())


def test_the_old_name_still_reads() -> None:
    assert read_task("dense:axis=-1", TaskOptions()) == ("segmentation", TaskOptions(class_axis=-1))


def test_class_numbers_have_no_distance(tmp_path: Path) -> None:
    """One of 500 labels differs, by 14: 35 dB, and 99.8% of the labels agree."""
    labels = np.random.default_rng(0).integers(0, 15, (50, 10))
    other = labels.copy()
    other[0, 0] = 14 if labels[0, 0] == 0 else 0
    for name, values in (("t", labels), ("s", other)):
        np.savez(tmp_path / f"{name}.npz", y=values)
    found = rfonnx.compare(tmp_path / "t.npz", tmp_path / "s.npz", kind="fp16")
    assert found.outputs[0].task == "labels"
    assert "sqnr_db" not in {verdict.measure for verdict in found.verdicts}
    assert found.passed

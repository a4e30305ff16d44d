"""Outputs whose rows vary from sample to sample, as suppression leaves them: matched or compared, never refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import rfonnx
from rfonnx.errors import ShapeError
from rfonnx.results.comparison import Comparison
from small_nets import model

QUICK = {"cost": False, "effective": False, "fields": False}
CANDIDATES = 8


def net(score: float = 1.0, batch: int | str = "batch", output: str = "batch") -> onnx.ModelProto:
    """Candidates (batch, 8, 6) to those whose score, times a factor, is over a half: (n, 6), those of all samples together."""
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "shape"], ["rows"]),
        helper.make_node("Slice", ["rows", "four", "five", "one"], ["column"]),
        helper.make_node("Squeeze", ["column", "one"], ["scores"]),
        helper.make_node("Greater", ["scores", "half"], ["keep"]),
        helper.make_node("Compress", ["rows", "keep"], ["y"], axis=0),
    ]
    weights = {
        "factor": np.array([1, 1, 1, 1, score, 1], np.float32),
        "shape": np.array([-1, 6]), "four": np.array([4]), "five": np.array([5]), "one": np.array([1]),
        "half": np.array(0.5, np.float32),
    }  # fmt: skip
    return model(nodes, {"x": (batch, CANDIDATES, 6)}, {"y": (output, 6)}, weights, {"x": TensorProto.FLOAT})


def boxes(counts: list[int]) -> np.ndarray:
    """Candidates of which so many per sample have a score over a half."""
    generator = np.random.default_rng(0)
    made = np.zeros((len(counts), CANDIDATES, 6), np.float32)
    made[..., :2] = np.arange(CANDIDATES)[:, None] * 40 + generator.uniform(0, 9, (len(counts), CANDIDATES, 2))
    made[..., 2:4] = made[..., :2] + generator.uniform(10, 20, (len(counts), CANDIDATES, 2))
    high = np.arange(CANDIDATES) < np.array(counts)[:, None]
    made[..., 4] = np.where(high, generator.uniform(0.55, 0.95, high.shape), generator.uniform(0.01, 0.45, high.shape))
    made[..., 5] = generator.integers(0, 3, high.shape)
    return made


@pytest.fixture
def compared(tmp_path):
    def compare(
        samples: np.ndarray, student: onnx.ModelProto, teacher: onnx.ModelProto | None = None, **how
    ) -> Comparison:
        np.save(tmp_path / "x.npy", samples)
        return rfonnx.compare(teacher or net(), student, data=tmp_path / "x.npy", **QUICK, **how)

    return compare


COUNTS = [2, 0, 1, 5, 3, 8, 1, 1, 4, 2, 0, 6]


@pytest.mark.parametrize("batch", ["batch", 1])
def test_boxes_are_matched(compared, batch: int | str) -> None:
    samples = boxes(COUNTS)
    found = compared(samples, net(0.75, batch), net(1.0, batch))
    kept = samples[..., 4] > 0.5
    lost = kept & (samples[..., 4] * np.float32(0.75) <= 0.5)
    output = found.outputs[0]
    assert (output.task, output.samples) == ("detection", len(COUNTS))
    assert output.measures["boxes_found"].value == pytest.approx(1 - lost.sum() / kept.sum())
    assert output.measures["boxes_confirmed"].value == 1
    assert output.places["box_f1"] == f"of the teacher's {kept.sum()} boxes {lost.sum()} lost; 0 added"
    assert not found.passed


def test_a_model_agrees_with_itself(compared) -> None:
    found = compared(boxes(COUNTS), net())
    assert found.outputs[0].measures["box_f1"].value == 1
    assert found.passed


def test_eight_boxes_of_eight_samples_do_not_count_them(compared) -> None:
    found = compared(boxes([2, 0, 1, 1, 0, 3, 0, 1]), net())
    assert found.outputs[0].task == "detection"
    assert found.outputs[0].places["box_f1"] == "of the teacher's 8 boxes 0 lost; 0 added"


def test_rows_that_are_no_boxes(compared) -> None:
    """The last column holds no class numbers: rows are compared where both models give as many."""
    samples = boxes(COUNTS)
    samples[..., 5] += 0.5
    found = compared(samples, net(0.75))
    output = found.outputs[0]
    counts = [[(row[:, 4] * factor > 0.5).sum() for row in samples] for factor in (np.float32(1), np.float32(0.75))]
    same = np.mean(np.equal(*counts))
    assert output.task == "rows"
    assert output.measures["same_rows"].value == pytest.approx(same)
    assert 0 < same < 1
    assert "other numbers of rows, the teacher's first: x.npy[" in output.notes[-1]


def test_another_task_that_was_asked_for_is_refused(compared) -> None:
    with pytest.raises(ShapeError, match=r"of the teacher has the shape .* of the student .* on sample 'x.npy\[0\]'"):
        compared(boxes([5, 5]), net(0.6), task="values")


def test_no_rows_at_all(compared) -> None:
    found = compared(boxes([0] * 12), net())
    assert (found.outputs[0].task, found.outputs[0].samples) == ("rows", 12)
    assert found.passed


def test_saved_outputs_beside_a_model_that_does_not_count_samples_are_refused_in_a_line(tmp_path) -> None:
    """As many rows of every sample, so that they can be saved; what the model gives has an axis more."""
    samples = boxes([CANDIDATES] * 12)
    np.save(tmp_path / "x.npy", samples)
    np.savez(tmp_path / "o.npz", y=samples)
    student = net()
    student.graph.node[-1].output[0] = "kept"
    student.graph.node.append(helper.make_node("Unsqueeze", ["kept", "first"], ["y"]))
    student.graph.initializer.append(helper.make_tensor("first", TensorProto.INT64, [1], [0]))
    del student.graph.output[:]
    student.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "n", 6]))
    onnx.save(student, tmp_path / "student.onnx")
    with pytest.raises(ShapeError, match=r"output 'y' of the teacher has the shape 1x8x6, 'y' of the student 1x1x8x6"):
        rfonnx.compare(tmp_path / "o.npz", tmp_path / "student.onnx", tmp_path / "x.npy", **QUICK)

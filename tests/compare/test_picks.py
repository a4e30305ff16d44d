"""Parts of outputs against numpy's own indexing."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

import rfonnx
import small_nets
from rfonnx.comparing.pairs.picks import split

WHOLE = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
QUICK = {"cost": False, "effective": False, "fields": False}


def picked(text: str, rows: np.ndarray, axis: int | None) -> np.ndarray:
    name, pick = split(f"y{text}", ["y"], "--map")
    assert name == "y"
    assert pick is not None
    return pick(rows, name, axis)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("[:,1:]", np.s_[:, 1:]),
        ("[:, 0]", np.s_[:, 0]),
        ("[:,-1, ::2]", np.s_[:, -1, ::2]),
        ("[...,1:3]", np.s_[..., 1:3]),
        ("[:,...,0]", np.s_[:, ..., 0]),
        ("[:,:,::-1]", np.s_[:, :, ::-1]),
        ("[:]", np.s_[:]),
    ],
)
def test_parts_are_numpy_s(text: str, index: object) -> None:
    assert np.array_equal(picked(text, WHOLE, 0), WHOLE[index])


def test_samples_along_another_axis() -> None:
    """Rows come with samples first; the positions are those of the tensor that the model gives."""
    given = WHOLE.swapaxes(0, 1)  # (3, 2, 4, 5), samples along axis 1
    assert np.array_equal(picked("[1:,:,0]", WHOLE, 1), np.moveaxis(given[1:, :, 0], 1, 0))


def test_an_output_of_one_sample() -> None:
    assert np.array_equal(picked("[1:,0]", WHOLE[:1], None), WHOLE[:1, 1:, 0])


def test_names_that_end_in_brackets() -> None:
    assert split("y[0]", ["y[0]"], "--map") == ("y[0]", None)
    assert split("plain", ["y"], "--map") == ("plain", None)
    name, pick = split("y[0][:,2]", ["y[0]"], "--map")
    assert (name, pick is not None and pick.text) == ("y[0]", "[:,2]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1:]", "leaves out samples: they lie along axis 0"),
        ("[:,9]", "out of bounds"),
        ("[:,9:]", r"'y\[:,9:\]' is empty: one sample of the output is 3x4x5"),
        ("[:,:,:,:,:]", "has 5 positions, the output 4 axes"),
        ("[:,1:2:0]", "is no position and no range"),
        ("[:,1.5]", "'1.5' is no position and no range"),
        ("[:,]", "'' is no position and no range"),
        ("[...,...]", "stands there twice"),
    ],
)
def test_what_is_no_part(text: str, message: str) -> None:
    with pytest.raises(rfonnx.RfonnxError, match=message):
        picked(text, WHOLE, 0)


def boxes_and_scores(scale: float) -> onnx.ModelProto:
    """8 columns: 4 in hundreds, 4 scores that `scale` multiplies."""
    factors = np.array([100, 200, 300, 400, scale, scale, scale, scale], np.float32)
    nodes = [helper.make_node("Sigmoid", ["x"], ["s"]), helper.make_node("Mul", ["s", "f"], ["y"], "scaled")]
    return small_nets.model(nodes, {"x": ("n", 8)}, {"y": ("n", 8)}, {"f": factors})


def test_parts_of_one_output_are_measured_and_judged_apart() -> None:
    options = {"kind": "int8", "task": "values", "limits": {"sqnr_channel": None, "sqnr_varying": None}, **QUICK}
    teacher, student = boxes_and_scores(1.0), boxes_and_scores(0.0)
    assert rfonnx.compare(teacher, student, **options).passed  # pooled, the scores do not count
    parts = {"y[:,:4]": "y[:,:4]", "y[:,4:]": "y[:,4:]"}
    found = rfonnx.compare(teacher, student, outputs=parts, **options)
    assert [output.teacher for output in found.outputs] == ["y[:,:4]", "y[:,4:]"]
    assert found.outputs[0].measures["max_abs"].value == 0
    assert {verdict.subject for verdict in found.verdicts if not verdict.passed} == {"y[:,4:]"}
    loose = rfonnx.compare(teacher, student, outputs=parts, output_limits={"y[:,4:]": {"sqnr_db": -1.0}}, **options)
    assert loose.passed


def test_tasks_of_single_outputs() -> None:
    parts = {"y[:,:4]": "y[:,:4]", "y[:,4:]": "y[:,4:]"}
    net = boxes_and_scores(1.0)
    found = rfonnx.compare(net, net, outputs=parts, task="classifier", tasks={"y[:,:4]": "values"}, **QUICK)
    assert [output.task for output in found.outputs] == ["values", "classifier"]
    with pytest.raises(rfonnx.QueryError, match="a task is given for output 'z', which is not compared"):
        rfonnx.compare(net, net, tasks={"z": "values"}, **QUICK)


def test_a_task_that_does_not_fit() -> None:
    net = boxes_and_scores(1.0)
    with pytest.raises(
        rfonnx.QueryError, match="output 'y' cannot be read as labels: it holds numbers that are not whole"
    ):
        rfonnx.compare(net, net, task="labels", **QUICK)

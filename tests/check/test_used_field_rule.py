"""`layers-use-field`: held against what impulses show under onnxruntime, and what cannot be measured."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import small_nets
from rfonnx.cli.main import run

SIDE = 21
BELL = np.exp(-(np.linspace(-1.8, 1.8, 7) ** 2))
WEIGHT = np.outer(BELL, BELL).astype("f")[None, None]
"""Positive: the absolute gradient is the answer to an impulse."""


def net(*between: onnx.NodeProto, bias: float = 0.0) -> onnx.ModelProto:
    """Two convolutions of 7 x 7 bells, of which a field is 13 x 13; `between` them goes from a to b."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "bias"], ["a"], "first", pads=[3, 3, 3, 3]),
        *(between or [helper.make_node("Identity", ["a"], ["b"])]),
        helper.make_node("Conv", ["b", "w"], ["y"], "second", pads=[3, 3, 3, 3]),
    ]
    shape = (1, 1, SIDE, SIDE)
    return small_nets.model(nodes, {"x": shape}, {"y": shape}, {"w": WEIGHT, "bias": np.array([bias], "f")})


def by_impulses(model: onnx.ModelProto) -> float:
    """Share of the 13 x 13 positions in the smallest stretches, by axis, that hold 95% of what the middle answers."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = np.zeros((SIDE, SIDE))
    for row, column in itertools.product(range(SIDE), range(SIDE)):
        x = np.zeros((1, 1, SIDE, SIDE), "f")
        x[0, 0, row, column] = 1
        answers[row, column] = session.run(["y"], {"x": x})[0][0, 0, SIDE // 2, SIDE // 2]
    assert np.count_nonzero(answers) == 13 * 13
    lengths = []
    for axis in (0, 1):
        mass = answers.sum(axis)
        stretches = [(j - i, mass[i:j].sum()) for i in range(SIDE) for j in range(i + 1, SIDE + 1)]
        lengths.append(min(length for length, held in stretches if held >= 0.95 * mass.sum()))
    return float(np.prod(lengths)) / 13**2


def checked(model: onnx.ModelProto, tmp_path: Path, rule: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    onnx.save(model, tmp_path / "m.onnx")
    words = ["check", str(tmp_path / "m.onnx"), "--rule", f"layers-use-field.min={rule}", "--fail-level", "note"]
    return run(words), capsys.readouterr().out


def test_the_share_is_what_impulses_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    share = by_impulses(net())
    assert 0.2 < share < 0.8
    code, said = checked(net(), tmp_path, f"{share - 0.002:.3f}", capsys)
    assert (code, "2 layers use" in said) == (0, True), said
    code, said = checked(net(), tmp_path, f"{share + 0.002:.3f}", capsys)
    side = round((share * 13**2) ** 0.5)
    assert code == 1, said
    assert f"uses {int(share * 1000) / 10:g}% of its field at 0,:,10,10" in said
    assert f"{side}x{side} of 13x13 positions along axes 2, 3 of x, as measured on 8 samples" in said


def test_a_layer_that_nothing_changes_uses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dead = net(helper.make_node("Relu", ["a"], ["b"]), bias=-1e6)
    code, said = checked(dead, tmp_path, "0.1", capsys)
    assert code == 1
    assert "uses nothing of its field: at 0,:,10,10 no change of x changes it on 8 samples" in said


def test_what_has_no_gradient_is_not_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = net(helper.make_node("Trilu", ["a"], ["b"], "triangle", domain="com.microsoft"))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    code, said = checked(model, tmp_path, "0.1", capsys)
    assert code == 1
    assert "is not proven to use a share of its field: " in said


def test_a_model_without_windows_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    model = small_nets.model(nodes, {"x": (1, 4)}, {"y": (1, 4)}, {"w": np.eye(4, dtype="f")})
    code, said = checked(model, tmp_path, "0.1", capsys)
    assert (code, "1 skipped" in said) == (1, True), said


def test_it_takes_the_samples_of_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "x.npy", np.ones((3, 1, SIDE, SIDE), "f"))
    onnx.save(net(), tmp_path / "m.onnx")
    words = ["check", str(tmp_path / "m.onnx"), "--rule", "layers-use-field.min=1", "--data", str(tmp_path / "x.npy")]
    assert run(words) == 0, "a note does not fail a check"
    assert "as measured on 3 samples" in capsys.readouterr().out

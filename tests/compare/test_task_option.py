"""`--task` and `[compare.tasks]` with options, on models: what is said of an output is how it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.cli.commands import cli
from rfonnx.errors import QueryError

QUICK = {"cost": False, "effective": False, "fields": False}


def model(path: Path, output: str = "StatefulPartitionedCall:0", scale: float = 1.0) -> Path:
    """(n, 6, 4): each step's scores are its input's."""
    nodes = [helper.make_node("Mul", ["x", "scale"], [output])]
    shape = ["batch", 6, 4]
    graph = helper.make_graph(
        nodes,
        "steps",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array(scale, np.float32), "scale")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path, Path]:
    data = tmp_path / "x.npy"
    np.save(data, np.random.default_rng(0).standard_normal((20, 6, 4)).astype(np.float32))
    return model(tmp_path / "teacher.onnx"), model(tmp_path / "student.onnx", scale=1.001), data


def test_a_name_with_colons(pair: tuple[Path, Path, Path]) -> None:
    """Exports of TensorFlow have such names."""
    teacher, student, data = map(str, pair)
    asked = "StatefulPartitionedCall:0=sequence:blank=last"
    found = CliRunner().invoke(cli, ["compare", teacher, student, "--data", data, "--task", asked, "--verbose"])
    assert "class 3 is the blank (as said)" in found.output
    assert "strings alike" in found.output


def test_from_python_and_from_a_file(pair: tuple[Path, Path, Path], tmp_path: Path) -> None:
    teacher, student, data = pair
    found = rfonnx.compare(teacher, student, data=data, task="tokens:axis=1", **QUICK)
    assert (found.outputs[0].task, found.outputs[0].class_axis) == ("tokens", 1)
    config = tmp_path / "rfonnx.toml"
    config.write_text('[compare.tasks]\n"StatefulPartitionedCall:0" = "multilabel:threshold=0.9"\n')
    words = ["compare", str(teacher), str(student), "--data", str(data), "--config", str(config), "--verbose"]
    assert "a label is given from 0.9 on" in CliRunner().invoke(cli, words).output


def test_what_the_task_does_not_take(pair: tuple[Path, Path, Path]) -> None:
    teacher, student, data = pair
    with pytest.raises(QueryError, match="the task 'tokens' has no option 'blank'; it takes axis"):
        rfonnx.compare(teacher, student, data=data, task="tokens:blank=0", **QUICK)
    found = CliRunner().invoke(cli, ["compare", str(teacher), str(student), "--task", "boxes"])
    assert found.exit_code == 2
    assert "'boxes' is not one of auto, values, classifier" in found.output

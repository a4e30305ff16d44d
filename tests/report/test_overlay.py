"""Fields in Netron, in Model Explorer, and in a copy of the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import rfonnx
from fake_analysis import HOSTILE
from rfonnx.cli.main import run
from rfonnx.report.overlay.copy import KEY
from small_nets import classifier, save

Annotate = Callable[..., dict[str, Path]]


@pytest.fixture
def annotate(tmp_path: Path) -> Annotate:
    def call(model: Path) -> dict[str, Path]:
        files = {"netron": tmp_path / "n.json", "explorer": tmp_path / "m.json", "copy": tmp_path / "copy.onnx"}
        words = ["--netron", files["netron"], "--model-explorer", files["explorer"], "-o", files["copy"]]
        assert run(["annotate", *map(str, (model, *words))]) == 0
        return files

    return call


def test_every_node_says_what_the_report_says(models: Path, annotate: Annotate) -> None:
    path = models / "unet.onnx"
    files, analysis = annotate(path), rfonnx.analyze(path)
    entries = json.loads(files["netron"].read_text())["metadata"]
    said = {(one["kind"], one["target"], one["name"]): one["value"] for one in entries}
    graph = onnx.load(path).graph
    explored = json.loads(files["explorer"].read_text())[graph.name]["results"]
    for node in graph.node:
        field = analysis.tensors[node.output[0]].fields["x", 2]
        size = str(field.size) if field.size == field.size_min else f"{field.size_min}..{field.size}"
        for kind, target in (("node", node.name), ("value", node.output[0])):
            assert said[kind, target, "receptive field"] == f"{size}x{size}"
            assert said[kind, target, "kind"] == field.kind
        assert explored[node.name]["value"].startswith(f"{size}x{size} (")
        assert len(explored[node.name]["bgColor"]) == 7


def test_the_copy_is_the_model_and_its_report(models: Path, annotate: Annotate) -> None:
    path = models / "superres.onnx"
    copy = annotate(path)["copy"]
    assert copy.read_bytes().startswith(path.read_bytes())
    onnx.checker.check_model(copy, full_check=True)
    held = {one.key: one.value for one in onnx.load(copy).metadata_props}
    assert json.loads(held[KEY]) == rfonnx.analyze(path).to_dict()
    outputs = []
    for file in (path, copy):
        session = onnxruntime.InferenceSession(file)
        (x,) = session.get_inputs()
        outputs.append(session.run(None, {x.name: np.random.default_rng(0).random(x.shape, np.float32)})[0])
    assert np.array_equal(*outputs)


def test_an_overlay_is_replaced_and_a_model_is_not(
    models: Path, annotate: Annotate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = models / "seed.onnx"
    annotate(seed)
    files = annotate(seed)
    assert run(["annotate", str(files["copy"]), "-o", str(tmp_path / "twice.onnx")]) == 2
    assert "carries fields already" in capfd.readouterr().err
    other = tmp_path / "other.onnx"
    other.write_bytes(seed.read_bytes())
    assert run(["annotate", str(models / "unet.onnx"), "-o", str(other)]) == 2
    assert other.read_bytes() == seed.read_bytes()
    assert run(["annotate", str(seed)]) == 2


def test_weights_in_other_files_stay_where_they_are(tmp_path: Path, annotate: Annotate) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "net.onnx"
    onnx.save(classifier(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    weights = (folder / "w.bin").read_bytes()
    assert run(["annotate", str(path), "-o", str(tmp_path / "away.onnx")]) == 2
    assert not (tmp_path / "away.onnx").exists()
    assert run(["annotate", str(path), "-o", str(folder / "beside.onnx")]) == 0
    assert (folder / "w.bin").read_bytes() == weights
    assert onnxruntime.InferenceSession(folder / "beside.onnx").get_inputs()


def test_names_of_strangers_stay_inside(tmp_path: Path, annotate: Annotate) -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 8]) for name in ("x", "y"))
    nodes = [helper.make_node("Relu", ["x"], [HOSTILE], HOSTILE), helper.make_node("Relu", [HOSTILE], ["y"], HOSTILE)]
    opset = [helper.make_opsetid("", 17)]
    net = helper.make_model(helper.make_graph(nodes, HOSTILE, [x], [y]), opset_imports=opset, ir_version=8)
    files = annotate(save(net, tmp_path / "hostile.onnx"))
    (name,) = json.loads(files["explorer"].read_text())
    assert name == HOSTILE
    assert files["netron"].read_text().isascii()

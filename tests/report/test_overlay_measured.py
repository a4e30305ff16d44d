"""What erf and compare measured, in the overlays: the same numbers at the same tensors; files that are wrong are refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from measuring import measure
from rfonnx.cli.main import run
from rfonnx.report.overlay.copy import SIGMA_KEY, SQNR_KEY
from rfonnx.report.overlay.labels import SIGMA, SQNR, sigma_text, sqnr_text

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def measured(models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return measure(models, tmp_path_factory.mktemp("measured"))


def test_nodes_and_tensors_say_what_was_measured(measured: tuple[Path, Path, Path], tmp_path: Path) -> None:
    model, erf, compare = measured
    words = ["--netron", "n.json", "--model-explorer", "m.json", "-o", "copy.onnx"]
    words = [word if word.startswith("-") else str(tmp_path / word) for word in words]
    assert run(["annotate", str(model), "--erf", str(erf), "--compare", str(compare), *words]) == 0
    sigmas = {layer["tensor"]: layer["sigma"] for layer in json.loads(erf.read_text())["layers"]}
    sqnrs = {pair["student"]: pair["sqnr_db"] for pair in json.loads(compare.read_text())["parting"]["layers"]}
    assert len(sigmas) > 5
    assert len(sqnrs) > 5
    graph = onnx.load(model).graph
    node_of = {output: node.name for node in graph.node for output in node.output}
    entries = json.loads((tmp_path / "n.json").read_text())["metadata"]
    said = {(one["kind"], one["target"], one["name"]): one["value"] for one in entries}
    sets = [json.loads((tmp_path / name).read_text())[graph.name] for name in ("m.sigma.json", "m.sqnr.json")]
    for about, numbers, text, data in ((SIGMA, sigmas, sigma_text, sets[0]), (SQNR, sqnrs, sqnr_text, sets[1])):
        told = {tensor: text(number) for tensor, number in numbers.items()}  # type: ignore[operator]
        assert {
            target: value for (kind, target, name), value in said.items() if (kind, name) == ("value", about)
        } == told
        by_node = {node_of[tensor]: value for tensor, value in told.items()}
        assert {
            target: value for (kind, target, name), value in said.items() if (kind, name) == ("node", about)
        } == by_node
        assert {node: result["value"] for node, result in data["results"].items()} == by_node
        assert data["name"].startswith(about)
    held = {one.key: one.value for one in onnx.load(tmp_path / "copy.onnx").metadata_props}
    assert json.loads(held[SIGMA_KEY]) == sigmas
    assert json.loads(held[SQNR_KEY]) == sqnrs


def test_overlays_with_what_was_measured_are_replaced(measured: tuple[Path, Path, Path], tmp_path: Path) -> None:
    model, erf, compare = measured
    words = ["--erf", erf, "--compare", compare]
    words += ["--model-explorer", tmp_path / "m.json", "--netron", tmp_path / "n.json"]
    for _ in range(2):
        assert run(["annotate", *map(str, (model, *words))]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"m.json", "m.sigma.json", "m.sqnr.json", "n.json"}
    (tmp_path / "m.sigma.json").write_text('{"net": {"name": "sigma", "results": {}}}')  # the user's own
    assert run(["annotate", *map(str, (model, *words))]) == 2


def test_the_widest_and_the_worst_have_the_fullest_colours(measured: tuple[Path, Path, Path], tmp_path: Path) -> None:
    model, erf, compare = measured
    changed = json.loads(compare.read_text())
    layers = changed["parting"]["layers"]
    for layer, sqnr in zip(layers, ("inf", "-inf", "nan", 0.0, 60.0, 59.0), strict=False):
        layer["sqnr_db"] = sqnr
    layers[6]["finite"] = False
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(changed))
    words = ["--erf", erf, "--compare", odd, "--model-explorer", tmp_path / "m.json"]
    assert run(["annotate", *map(str, (model, *words))]) == 0
    (sqnr,) = json.loads((tmp_path / "m.sqnr.json").read_text()).values()
    found = [(one["value"], one["bgColor"]) for one in sqnr["results"].values()][:7]
    broken = "NaN or infinity in one of them"
    assert [value for value, _ in found] == ["equal", "-inf dB", broken, "0.0 dB", "60.0 dB", "59.0 dB", broken]
    white, full = "#ffffff", "#cc3300"
    assert [colour for _, colour in found] == [white, full, full, full, white, "#fefcfb", full]
    (sigma,) = json.loads((tmp_path / "m.sigma.json").read_text()).values()
    by_width = sorted(sigma["results"].values(), key=lambda one: math.prod(map(float, one["value"].split("x"))))
    assert by_width[-1]["bgColor"] == "#0078dc"
    reds = [int(one["bgColor"][1:3], 16) for one in by_width]
    assert reds == sorted(reds, reverse=True)


def layer(key: str, value: Any) -> Change:
    return lambda document: document.get("layers", document.get("parting", {}).get("layers"))[0].update({key: value})


@pytest.mark.parametrize(
    ("option", "change", "fault"),
    [
        ("--erf", lambda d: d.update(format=2), "'format' is 2, expected 1"),
        ("--erf", lambda d: d.update(format=True), "'format' is true, expected 1"),
        ("--erf", lambda d: d.pop("format"), "'format' is null"),
        ("--erf", lambda d: d.update(model="other.onnx"), "tells of other.onnx, and this is teacher_int8.onnx"),
        ("--erf", lambda d: d.update(layers={}), "'layers' is {}, expected a list"),
        ("--erf", lambda d: d.update(layers=[1]), "'layers' holds 1, expected objects"),
        ("--erf", layer("tensor", 5), "layers[0]: 'tensor' is 5, expected text"),
        ("--erf", layer("tensor", "nowhere"), "tells of 'nowhere', which the model does not have"),
        ("--erf", layer("op_type", "Relu"), 'made by "Relu", and the model by Conv'),
        ("--erf", layer("shape", [1, 16, 32, 33]), "at 1x16x32x33, and it is 1x16x32x32 here"),
        ("--erf", layer("shape", [[1] * 9999]), "at [1, 1, 1"),
        ("--erf", layer("sigma", [1.0]), "'sigma' and 'field' are not of one length"),
        ("--erf", layer("sigma", [1.0, -1.0]), "'sigma' is -1.0, expected a number"),
        ("--erf", layer("sigma", [1.0, "wide"]), "'sigma' is \"wide\", expected a number"),
        ("--erf", layer("sigma", [1.0, 10**400]), "expected a number"),
        ("--erf", layer("sigma", [1.0, math.inf]), "'sigma' is Infinity, expected a number"),
        ("--erf", layer("problem", None), "'problem' is null, expected text"),
        (
            "--compare",
            lambda d: d.update(student="teacher.onnx"),
            "tells of teacher.onnx, and this is teacher_int8.onnx",
        ),
        ("--compare", lambda d: d.update(parting=None), "does not tell of layers"),
        ("--compare", layer("sqnr_db", "good"), "'sqnr_db' is \"good\", expected a number"),
        ("--compare", layer("sqnr_db", True), "'sqnr_db' is true, expected a number"),
        ("--compare", layer("nodes", [["Relu", "relu"]]), 'made by "Relu", and the model by Conv'),
        ("--compare", layer("nodes", 1), "'nodes' is 1, expected a list"),
        ("--compare", layer("student", "nowhere"), "tells of 'nowhere', which the model does not have"),
    ],
)
def test_a_file_that_is_wrong_or_of_another_model_is_refused(
    option: str,
    change: Change,
    fault: str,
    measured: tuple[Path, Path, Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model, erf, compare = measured
    document = json.loads((erf if option == "--erf" else compare).read_text())
    change(document)
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(document))
    refused(model, option, file, fault, capfd)


def refused(model: Path, option: str, file: Path, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    """One line says so, with the file's name and a way out; nothing is written."""
    made = file.parent / "made.json"
    assert run(["annotate", str(model), option, str(file), "--netron", str(made)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"rfonnx: error: {file}")
    assert fault in line
    assert "; " in line
    assert not made.exists()


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": ' + b"9" * 5000]
)
def test_what_is_no_json_is_refused(
    content: bytes, models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(content)
    refused(models / "seed.onnx", "--erf", file, "", capfd)


def test_a_file_of_the_other_command_or_none_is_refused(
    measured: tuple[Path, Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, erf, compare = measured
    made = tmp_path / "made.json"
    for option, file in (
        ("--erf", compare),
        ("--compare", erf),
        ("--erf", tmp_path),
        ("--erf", tmp_path / "none.json"),
    ):
        assert run(["annotate", str(model), option, str(file), "--netron", str(made)]) == 2
        assert f"rfonnx: error: {file}" in capfd.readouterr().err
    assert run(["annotate", str(model), "--erf", str(erf), "--model-explorer", "-"]) == 2
    assert run(["annotate", str(model), "--erf", str(erf), "--netron", str(erf)]) == 2
    assert "layers" in json.loads(erf.read_text())

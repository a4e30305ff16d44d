"""What every command really writes is as its schema says: no key more, none less, for many models and all kinds of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from jsonschema import Draft202012Validator
from onnx import TensorProto, helper

from measuring import STUDENT, measure
from rfonnx.checking.rule_table import rules
from rfonnx.cli.main import run
from schema.documents import FOLDER
from small_nets import classifier, damaged, model, save, segmenter

MODELS = Path(__file__).parents[2] / "models"
DIGITS = MODELS / "digits"
GOLDEN = sorted((Path(__file__).parents[1] / "report" / "golden").glob("*.json"))
NAMES = sorted(path.name for path in MODELS.glob("*.onnx"))


def hold(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document, after it was held against a published schema."""
    validator = Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text()))
    faults = [f"{fault.json_path}: {fault.message[:300]}" for fault in validator.iter_errors(document)]
    assert not faults, faults[:5]
    return document


def told(name: str, folder: Path, *words: object) -> dict[str, Any]:
    """What a command writes, held against the schema of that name. It is written whether something failed or not."""
    file = folder / "told.json"
    assert run([*map(str, words), "-o", str(file)]) in ((0, 1, 2) if words[0] == "check" else (0, 1))
    document: dict[str, Any] = json.loads(file.read_text())
    file.unlink()
    return hold(name, document)


@pytest.mark.parametrize("name", NAMES)
def test_report_and_explain(name: str, tmp_path: Path) -> None:
    report = told("report", tmp_path, "report", MODELS / name)
    assert report["tensors"]
    assert report["facts"]
    for output in report["outputs"]:
        explained = told("explain", tmp_path, "explain", MODELS / name, "--tensor", output["name"])
        assert explained["chains"] or explained["reads"]


def test_every_kind_of_answer_is_among_the_reports(tmp_path: Path) -> None:
    """Of the models above, and of the ones that are made here."""
    reports = [told("report", tmp_path, "report", MODELS / name) for name in NAMES]
    reports += [
        told("report", tmp_path, "report", save(net, tmp_path / "net.onnx"), *words) for net, words in odd_nets()
    ]
    tensors = [tensor for report in reports for tensor in report["tensors"]]
    fields = [field for tensor in tensors for field in tensor["fields"]]
    facts = [fact for report in reports for fact in report["facts"]]
    assert {field["kind"] for field in fields} == {"local", "periodic", "block", "global"}
    assert {tensor["exact"] for tensor in tensors} == {True, False}
    assert any(tensor["notes"] for tensor in tensors)
    assert any(field["offsets"] for field in fields)
    assert {type(field[key]) for field in fields for key in ("stride", "center")} == {int, str}
    assert {type(field["tensor_axis"]) for field in fields} == {int, type(None)}
    assert any(tensor["shape"] and None in tensor["shape"] for tensor in tensors)
    assert any(not report["tensors"] for report in reports)
    assert {"independent", "unknown"} <= {fact["batch"]["state"] for fact in facts}
    assert any(fact["time"] for fact in facts)
    assert any(fact["positional"] for fact in facts)
    assert {type(shift[key]) for fact in facts for shift in fact["shifts"] for key in ("period", "room", "halo")} == {
        int, list, type(None)
    }  # fmt: skip
    assert any("values" in report for report in reports)


def odd_nets() -> Iterator[tuple[onnx.ModelProto, list[str]]]:
    """Nets whose reports have what those of the repository's models have not, and the options that they need."""
    yield classifier(), ["--shape", "n=4"]
    yield segmenter(), ["--shape", "n=1", "--shape", "h=9", "--shape", "w=7"]
    index = {"i": np.array([1], np.int64)}
    yield model([helper.make_node("Gather", ["x", "k"], ["y"], axis=1)], {"x": (1, 8), "k": (2,)}, {"y": (1, 2)},
                types={"k": TensorProto.INT64}), ["--value", "k=[1,2]"]  # fmt: skip
    yield model([helper.make_node("Gather", ["x", "k"], ["y"], axis=1)], {"x": (1, 8), "k": (2,)}, {"y": (1, 2)},
                types={"k": TensorProto.INT64}), []  # fmt: skip
    yield model([helper.make_node("NonZero", ["x"], ["y"])], {"x": (3, 4)}, {"y": (2, "n")},
                types={"y": TensorProto.INT64}), []  # fmt: skip
    yield model([helper.make_node("Identity", ["i"], ["y"])], {"x": (1, 8)}, {"y": (1,)}, index,
                {"y": TensorProto.INT64}), []  # fmt: skip
    yield model([helper.make_node("Unheard", ["x"], ["y"], domain="com.example")], {"x": (1, 8)}, {"y": (1, 8)}), []


def test_streams(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net, made = MODELS / "wavenet.onnx", tmp_path / "s.onnx"
    assert run(["stream", str(net), "--axis", "2", "--chunk", "16", "--dry-run", "--format", "json"]) == 0
    planned = hold("stream", json.loads(capsys.readouterr().out))
    assert (planned["exact"], planned["verified"], planned["manifest"]["chunk"]) == (False, None, 16)
    assert run(["stream", str(net), "--axis", "2", "--chunk", "16", "-o", str(made), "--format", "json"]) == 0
    assert hold("stream", json.loads(capsys.readouterr().out))["verified"]["passed"]
    verified = told("stream-verify", tmp_path, "stream", "verify", net, made)
    assert verified["passed"]
    assert verified["structure"]["differences"] == []
    latency = told("stream-latency", tmp_path, "stream", "latency", net, "--axis", "2", "--chunks", "8,16")
    assert [(one["chunk"], one["length"], one["realtime"]) for one in latency["chunks"]] == [
        (8, 1031, None),
        (16, 1039, None),
    ]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_reports_that_others_are_compared_with(path: Path) -> None:
    """Among them one whose names are hostile, and one with fields of which nothing is seen."""
    hold("explain" if path.name.startswith("explain") else "report", json.loads(path.read_text()))


def test_explain_of_a_position_of_the_input(tmp_path: Path) -> None:
    found = told("explain", tmp_path, "explain", MODELS / "seed.onnx", "--tensor", "pool", "--from-input", "0,0,0,0")
    assert found["reached"][0]["axes"]
    scales = {"s": np.array([1, 1, 2, 2], np.float32), "w": np.ones((1, 1, 3, 3), np.float32)}
    nodes = [helper.make_node("Resize", ["x", "", "s"], ["r"]), helper.make_node("Conv", ["r", "w"], ["y"])]
    net = save(model(nodes, {"x": (1, 1, 8, 8)}, {"y": (1, 1, 14, 14)}, scales), tmp_path / "up.onnx")
    found = told("explain", tmp_path, "explain", net, "--tensor", "y")
    assert {type(step["jump"]) for chain in found["chains"] for step in chain["steps"]} == {int, str}


def test_whatif(tmp_path: Path) -> None:
    words = ("--set", "conv2:kernel=5x3", "--drop", "conv2.relu", "--variant", "b=pool:stride=1")
    found = told("whatif", tmp_path, "whatif", MODELS / "seed.onnx", *words)
    assert [one["name"] for one in found["variants"]] == ["changed", "b"]
    assert [one["attribute"] for one in found["variants"][0]["changes"]] == ["kernel", "pads", "drop"]
    assert found["before"]["activation_bytes"] > 0


def test_erf_of_units(tmp_path: Path) -> None:
    seed = MODELS / "seed.onnx"
    one = told("erf", tmp_path, "erf", seed, "-n", "3")
    assert {len(one["units"]), len(one["axes"])} == {1, 2}
    two = told("erf", tmp_path, "erf", seed, "-n", "1", "--at", "4,4", "--at", "0,0", "--tolerance", "0.01")
    assert [unit["half_width"] for unit in two["units"]] == [None, None]
    assert two["converged"] is False
    changed = told("erf", tmp_path, "erf", seed, "-n", "2", "--method", "perturb", "--block", "4", "--probe", "grey")
    assert changed["probe"] == "grey"
    dead = save(damaged(segmenter(size=(8, 8)), "w1", 0), tmp_path / "dead.onnx")
    empty = told("erf", tmp_path, "erf", dead, "-n", "2")["units"][0]
    assert empty["scale"] == 0
    assert {empty["luo_size"], empty["entropy"], empty["gaussian"], *empty["sigma"]} == {None}
    np.savez(tmp_path / "data.npz", x=np.full((2, 2, 8, 8), np.nan, np.float32))
    words = ("--data", tmp_path / "data.npz", "--on-error", "skip")
    assert run(["erf", *map(str, (dead, *words))]) == 2  # of no sample there is nothing to tell


def test_erf_of_layers(tmp_path: Path) -> None:
    layers = told("erf-layers", tmp_path, "erf", MODELS / "seed.onnx", "-n", "2", "--all-layers")["layers"]
    assert layers
    net = save(damaged(segmenter(size=(8, 8)), "w1", 0), tmp_path / "dead.onnx")
    dead = told("erf-layers", tmp_path, "erf", net, "-n", "2", "--all-layers")["layers"]
    assert any(layer["sigma"] == [None, None] for layer in dead)


def compare(folder: Path, teacher: Path, student: Path, *words: object) -> dict[str, Any]:
    return told("compare", folder, "compare", teacher, student, *words)


@pytest.mark.parametrize("student", ["student.onnx", "twin.onnx", "damaged.onnx", STUDENT, "teacher_fp16.onnx"])
def test_compare_of_the_digits(student: str, tmp_path: Path) -> None:
    words = ("--data", DIGITS / "test.npz", "--samples", "12", "--layers", "--latency-runs", "5")
    found = compare(tmp_path, DIGITS / "teacher.onnx", DIGITS / student, *words)
    assert found["passed"] == (student in ("student.onnx", STUDENT, "teacher_fp16.onnx"))
    assert found["parting"]["layers"]
    assert found["costs"]
    assert found["fields"]
    assert found["effective_fields"]
    assert found["outputs"][0]["heat"] or found["outputs"][0]["histogram"] or found["outputs"][0]["worst"]


def test_compare_spells_what_json_has_no_numbers_for(tmp_path: Path) -> None:
    net = classifier()
    teacher, twin = save(net, tmp_path / "teacher.onnx"), save(net, tmp_path / "twin.onnx")
    quick = ("--no-cost", "--no-fields", "--samples", "4")
    found = compare(tmp_path, teacher, twin, *quick, "--layers")
    assert {layer["sqnr_db"] for layer in found["parting"]["layers"]} == {"inf"}
    assert found["costs"] is None
    assert found["fields"] == []
    broken = save(damaged(net, "w3", float("nan")), tmp_path / "broken.onnx")
    found = compare(tmp_path, teacher, broken, *quick, "--layers")
    assert found["outputs"][0]["nonfinite"][0]["value"] == "nan"
    (tmp_path / "rfonnx.toml").write_text("[compare]\nsamples = 3\n[compare.limits]\nkl = 0.5\n")
    found = compare(tmp_path, teacher, twin, "--config", tmp_path / "rfonnx.toml", *quick)
    assert found["config"]
    assert run(["compare", str(teacher), str(twin), *quick, "--save-outputs", str(tmp_path / "saved.npz")]) == 0
    found = compare(tmp_path, tmp_path / "saved.npz", twin, *quick)
    assert found["saved"]


@pytest.mark.parametrize("task", ["values", "classifier", "multilabel", "regression", "embedding"])
def test_compare_by_task(task: str, tmp_path: Path) -> None:
    teacher = save(classifier(), tmp_path / "teacher.onnx")
    student = save(damaged(classifier(), "w2", 1.01), tmp_path / "student.onnx")
    found = compare(tmp_path, teacher, student, "--task", task, "--no-cost", "--kind", "distilled")
    assert found["outputs"][0]["task"] == task


def test_check(tmp_path: Path) -> None:
    files = [str(MODELS / name) for name in NAMES]
    found = told("check", tmp_path, "check", *files)
    assert len(found["models"]) == len(NAMES)
    cut = tmp_path / "cut.onnx"
    cut.write_bytes((MODELS / "seed.onnx").read_bytes()[:400])
    unread = told("check", tmp_path, "check", MODELS / "seed.onnx", cut)["models"][1]
    assert unread["error"]
    assert unread["counts"]["untried"] == unread["counts"]["rules"]
    (tmp_path / "rules.toml").write_text("[check.rules]\nfield-minimum = 4000\n")
    words = ("--rules", tmp_path / "rules.toml", "--fail-level", "note")
    strict = told("check", tmp_path, "check", MODELS / "seed.onnx", *words)
    assert strict["config"]
    assert not strict["passed"]


def test_check_of_every_rule(tmp_path: Path) -> None:
    """That needs no number from the user."""
    free = [info.id for info in rules().values() if not any(one.required for one in info.parameters.values())]
    words = [word for rule in free for word in ("--rule", rule)]
    found = told("check", tmp_path, "check", MODELS / "seed.onnx", "--against", MODELS / "seed.onnx", *words)["models"][
        0
    ]
    assert [rule["rule"] for rule in found["rules"]] == free
    assert {"pass", "skip"} <= {finding["status"] for finding in found["findings"]}


@pytest.mark.parametrize("name", NAMES)
def test_tile_plan(name: str, tmp_path: Path) -> None:
    found = told("tile-plan", tmp_path, "tile", "plan", MODELS / name)
    assert found["exact"] or found["reasons"]


def test_tile_plan_of_a_size(tmp_path: Path) -> None:
    sized = told(
        "tile-plan", tmp_path, "tile", "plan", MODELS / "unet.onnx", "--size", "1024,1024", "--tile", "512,512"
    )
    assert sized["axes"][0]["tiles"] > 1
    assert sized["recomputed"] > 0
    within = told("tile-plan", tmp_path, "tile", "plan", MODELS / "seed.onnx", "--size", "512,512", "--memory", "2GB")
    assert within["memory"] > 0
    near = told("tile-plan", tmp_path, "tile", "plan", MODELS / "vit.onnx", "--mass", "0.9")
    assert near["approximate"]
    assert not near["exact"]
    staged = told("tile-plan", tmp_path, "tile", "plan", MODELS / "se.onnx", "--stages")
    assert staged["stages"] or staged["reasons"]


def test_tile_verify(tmp_path: Path) -> None:
    found = told("tile-verify", tmp_path, "tile", "verify", MODELS / "seed.onnx")
    assert found["passed"]
    assert {type(one["share"]) for one in found["opposites"]} <= {float, type(None)}
    refused = told("tile-verify", tmp_path, "tile", "verify", MODELS / "vit.onnx")
    assert refused["reasons"]
    upsampled = told("tile-verify", tmp_path, "tile", "verify", MODELS / "superres.onnx")
    assert upsampled["sizes"]


def test_ops(tmp_path: Path) -> None:
    states = {one["state"] for one in told("ops", tmp_path, "ops")["operators"]}
    assert {"rule", "everything", "constant", "unsupported"} >= states > {"rule"}


@pytest.mark.parametrize("name", NAMES)
def test_overlays(name: str, tmp_path: Path) -> None:
    netron, explorer = tmp_path / "n.json", tmp_path / "m.json"
    assert run(["annotate", str(MODELS / name), "--netron", str(netron), "--model-explorer", str(explorer)]) == 0
    assert hold("netron", json.loads(netron.read_text()))["metadata"]
    (data,) = hold("model-explorer", json.loads(explorer.read_text())).values()
    assert data["results"]


def test_overlays_with_what_was_measured(tmp_path: Path) -> None:
    path, erf, compared = measure(MODELS, tmp_path)
    words = [
        "--erf",
        erf,
        "--compare",
        compared,
        "--netron",
        tmp_path / "n.json",
        "--model-explorer",
        tmp_path / "m.json",
    ]
    assert run(["annotate", *map(str, (path, *words))]) == 0
    hold("netron", json.loads((tmp_path / "n.json").read_text()))
    for name in ("m.json", "m.sigma.json", "m.sqnr.json"):
        hold("model-explorer", json.loads((tmp_path / name).read_text()))

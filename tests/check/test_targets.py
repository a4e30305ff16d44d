"""`--target`: models held against the operators that a target publishes."""

from __future__ import annotations

import datetime
import tomllib
from importlib import resources
from pathlib import Path

import onnx
import pytest
from onnx import helper

import rfonnx
import small_nets
from checked import found, net, status
from rfonnx.checking.targets import targets
from rfonnx.cli.main import run

node = helper.make_node
NAMES = ("coreml", "mobile", "portable", "tensorrt", "web")


def version(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    model.opset_import[0].version = opset
    return model


def relu() -> onnx.ModelProto:
    return version(net([node("Relu", ["x"], ["y"])], (2, 8)), 14)


def contrib() -> onnx.ModelProto:
    model = net([node("Gelu", ["x"], ["y"], domain="com.microsoft")], (2, 8))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return version(model, 14)


def determinant() -> onnx.ModelProto:
    return version(net([node("Det", ["x"], ["y"])], (3, 4, 4)), 14)


def grid(opset: int) -> onnx.ModelProto:
    inputs = {"x": (1, 1, 4, 4), "g": (1, 4, 4, 2)}
    return version(small_nets.model([node("GridSample", ["x", "g"], ["y"])], inputs, {"y": (1, 1, 4, 4)}), opset)


CASES = {
    "every one takes a Relu": (relu(), dict.fromkeys(NAMES, "pass")),
    "com.microsoft": (contrib(), {"portable": "fail", "tensorrt": "fail", "web": "pass", "mobile": "pass", "coreml": "fail"}),
    "determinants": (determinant(), dict.fromkeys(NAMES, "fail") | {"portable": "pass"}),
    "opset 21": (version(net([node("Relu", ["x"], ["y"])], (2, 8)), 21), {"tensorrt": "fail", "mobile": "fail", "web": "pass"}),
    "a grid of opset 20": (grid(20), {"web": "fail", "tensorrt": "pass"}),
    "a grid of opset 17": (grid(17), {"web": "pass"}),
    "Identity and Dropout": (
        version(net([node("Identity", ["x"], ["a"]), node("Dropout", ["a"], ["y"])], (2, 8)), 14), dict.fromkeys(NAMES, "pass")
    ),
    "not on the way to an output": (
        version(net([node("Relu", ["x"], ["y"]), node("Det", ["x"], ["d"])], (4, 4)), 14), dict.fromkeys(NAMES, "pass")
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_targets(case: str, tmp_path: Path) -> None:
    model, expected = CASES[case]
    for name, told in expected.items():
        assert (name, status(model, tmp_path, "target-operators", name)) == (name, told)


def test_the_answer_names_the_list_and_the_way_on(tmp_path: Path) -> None:
    (said,) = found(CASES["determinants"][0], tmp_path, "target-operators", "web")
    assert said.message == (
        "node (Det) that makes 'y': not taken at opset 14 by web (onnxruntime-web 1.24.3 on WebGPU, read 2026-11-26); what it "
        "does not take runs on the processor (WebAssembly), and each change between the two costs a copy"
    )


def test_a_function_of_standard_operators_is_portable(tmp_path: Path) -> None:
    model = net([node("Twice", ["x"], ["y"], domain="own")], (2, 8))
    body = [node("Add", ["a", "a"], ["b"])]
    model.functions.append(helper.make_function("own", "Twice", ["a"], ["b"], body, [helper.make_opsetid("", 17)], []))
    model.opset_import.append(helper.make_opsetid("own", 1))
    assert status(model, tmp_path, "target-operators", "portable") == "pass"


def test_targets_beside_the_rules(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = str(models / "seed.onnx")
    assert run(["check", seed, "--target", "portable", "--target", "web"]) == 0
    assert run(["check", seed, "--target", "tensorrt", "--rule", "finite"]) == 0
    capsys.readouterr()
    assert run(["check", seed, "--target", "tensorflow"]) == 2
    assert "there is no target 'tensorflow'" in "".join(capsys.readouterr())


def test_lists_say_where_they_are_from() -> None:
    assert set(targets()) == set(NAMES)
    for file in resources.files("rfonnx.checking.targets").iterdir():
        if file.name.endswith(".toml"):
            table = tomllib.loads(file.read_text())
            assert table["source"].startswith("https://")
            assert isinstance(table["read"], datetime.date)
            known = {(s.domain or "ai.onnx", s.name) for s in onnx.defs.get_all_schemas_with_history()}
            strange = {name for name in table["operators"]["ai.onnx"] if ("ai.onnx", name) not in known}
            # Operators of onnxruntime's and onnx-tensorrt's own that are spelt as if they were the standard's.
            assert strange <= {"ImageScaler", "ParametricSoftplus", "ScaledTanh", "SimplifiedLayerNormalization"}


def test_the_rule_is_asked_for_by_name_alone(models: Path) -> None:
    assert "RF037" not in rfonnx.check(models / "seed.onnx").rules
    with pytest.raises(rfonnx.RfonnxError, match="target-operators needs 'target'"):
        rfonnx.check(models / "seed.onnx", ["target-operators"])

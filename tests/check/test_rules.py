"""Each rule on a model that holds it and on one that does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
import small_nets
from rfonnx.checking.rule_table import find, rules
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.cost.weight_counts import parameters
from rfonnx.comparing.settings import Settings
from rfonnx.model.reading.load import load
from rfonnx.results.findings import Finding

RULES = tuple(rules().values())


def findings(model: Path, asked: Mapping[str, Any] | list[str], **options: Any) -> list[Finding]:
    """What the asked rules say, and they alone."""
    if isinstance(asked, Mapping):
        asked = {info.id: False for info in RULES if info.default} | {find(word)[0].id: asked[word] for word in asked}
    return list(rfonnx.check(model, asked, **options).findings)


def statuses(model: Path, rule: str, value: Any = True, **options: Any) -> set[str]:
    return {finding.status for finding in findings(model, {rule: value}, **options)}


# The fields are those that models/README.md works by hand.
CASES = [
    ("seed", "field-minimum", 6, "pass"),
    ("seed", "field-minimum", 7, "fail"),
    ("unet", "field-minimum", 188, "pass"),
    ("unet", "field-minimum", 189, "fail"),
    ("se", "field-minimum", 32, "pass"),
    ("se", "field-minimum", {"min": 40, "tensor": "stem"}, "fail"),
    ("seed", "field-maximum", 6, "pass"),
    ("seed", "field-maximum", 5, "fail"),
    ("unet", "field-maximum", 203, "fail"),
    ("unet", "field-maximum", 204, "pass"),
    ("se", "field-maximum", 100000, "fail"),
    ("conv3d", "field-maximum", {"max": 13, "tensor": "stage2", "axis": 2}, "pass"),
    ("conv3d", "field-maximum", {"max": 13, "tensor": "stage2", "axis": 3}, "fail"),
    ("seed", "coverage", {"min": 0.15, "axis": 3}, "pass"),
    ("seed", "coverage", {"min": 0.16, "axis": 3}, "fail"),
    ("se", "coverage", 1.0, "pass"),
    ("wavenet", "lookahead", 0, "pass"),
    ("wavenet", "lookahead", -1, "fail"),
    ("wavenet", "causal", True, "pass"),
    ("vit", "causal", True, "fail"),
    ("seed", "batch-independent", True, "pass"),
    ("inception", "aligned-joins", True, "fail"),
    ("resnet18", "aligned-joins", True, "pass"),
    ("wavenet", "aligned-joins", True, "pass"),
    ("se", "no-global-operator", True, "fail"),
    ("unet", "no-global-operator", True, "pass"),
    ("unet", "no-unknown-operator", True, "pass"),
    ("resnet18", "layers-add-context", True, "pass"),
    ("resnet18", "layers-add-context", 0.5, "fail"),
    ("seed", "input-size-fits", True, "fail"),
    ("resnet18", "padding-share", 0.49, "pass"),
    ("resnet18", "padding-share", 0.48, "fail"),
    ("unet", "translation-period", 16, "pass"),
    ("unet", "translation-period", 15, "fail"),
    ("unet", "runtime-accepts", True, "pass"),
    ("seed", "finite", True, "pass"),
    ("seed", "deterministic", True, "pass"),
    ("seed", "optimisation-levels", True, "pass"),
    ("seed", "max-parameters", 10**6, "pass"),
    ("seed", "max-parameters", 10, "fail"),
    ("seed", "max-macs", 10**9, "pass"),
    ("seed", "max-macs", 10, "fail"),
    ("seed", "max-size", 10**6, "pass"),
    ("seed", "max-size", 10, "fail"),
    ("seed", "max-latency", 0.0, "fail"),
    ("seed", "dynamic-axes", True, "skip"),
    ("resnet18", "no-batch-statistics", True, "skip"),
    ("vit", "inputs-used", True, "pass"),
    ("vit", "no-dead-nodes", True, "pass"),
    ("resnet18", "no-zero-filters", True, "pass"),
    ("vit", "weights-used", True, "pass"),
    ("vit", "weights-stored-once", True, "pass"),
    ("vit", "no-accidental-float64", True, "pass"),
    ("vit", "no-double-softmax", True, "pass"),
    ("vit", "no-denormal-weights", True, "pass"),
    ("seed", "target-operators", "portable", "pass"),
    ("seed", "finite-on-zeros", True, "pass"),
    ("seed", "outputs-vary", True, "pass"),
    ("unet", "no-dead-relu", True, "pass"),
    ("seed", "quantiser-range", True, "skip"),
    ("dilated", "field-on-input", True, "pass"),
    ("dilated", "field-on-input", 0.6, "fail"),
    ("unet", "input-fits-field", True, "pass"),
    ("resnet18", "input-fits-field", True, "fail"),
    ("unet", "tiles-exactly", True, "pass"),
    ("unet", "tiles-exactly", {"grid": 16, "axis": -1}, "pass"),
    ("unet", "tiles-exactly", {"grid": 15}, "fail"),
    ("se", "tiles-exactly", True, "fail"),
    ("unet", "halo-at-most", 94, "pass"),
    ("unet", "halo-at-most", 93, "fail"),
    ("wavenet", "halo-at-most", 1023, "pass"),
    ("vit", "halo-at-most", 10**6, "fail"),
    ("wavenet", "streams", {"delay": 0, "unit": 1}, "pass"),
    ("unet", "streams", {"delay": 94, "axis": -1}, "pass"),
    ("unet", "streams", {"delay": 93, "axis": -1}, "fail"),
    ("se", "streams", {"axis": -1}, "fail"),
]


@pytest.mark.parametrize(("model", "rule", "value", "status"), CASES)
def test_rules_on_models_worked_by_hand(models: Path, model: str, rule: str, value: Any, status: str) -> None:
    found = statuses(models / f"{model}.onnx", rule, value)
    assert status in found
    assert found <= {status, "fail"}


def test_every_rule_has_a_case() -> None:
    elsewhere = {"object-rate", "layers-use-field", "agrees-with-teacher", "sees-like-teacher", "max-memory"}
    assert {info.name for info in RULES} == {rule for _, rule, _, _ in CASES} | elsewhere


def test_ids_are_for_ever() -> None:
    """Written down once more: a rule may be added here, and none changed."""
    assert {info.id: info.name for info in RULES} == {
        "RF001": "field-minimum", "RF002": "field-maximum", "RF003": "coverage", "RF004": "lookahead", "RF005": "causal",
        "RF006": "batch-independent", "RF007": "aligned-joins", "RF008": "no-global-operator", "RF009": "no-unknown-operator",
        "RF010": "translation-period", "RF011": "runtime-accepts", "RF012": "finite", "RF013": "deterministic",
        "RF014": "optimisation-levels", "RF015": "max-macs", "RF016": "max-parameters", "RF017": "max-size",
        "RF018": "max-latency", "RF019": "dynamic-axes", "RF020": "agrees-with-teacher", "RF021": "sees-like-teacher",
        "RF022": "max-memory", "RF023": "no-batch-statistics", "RF024": "inputs-used", "RF025": "no-dead-nodes",
        "RF026": "no-zero-filters", "RF027": "weights-used", "RF028": "weights-stored-once", "RF029": "no-accidental-float64",
        "RF030": "no-double-softmax", "RF031": "no-denormal-weights", "RF032": "finite-on-zeros",
        "RF033": "outputs-vary", "RF034": "no-dead-relu", "RF035": "quantiser-range", "RF036": "field-on-input",
        "RF037": "target-operators", "RF038": "input-fits-field", "RF039": "tiles-exactly", "RF040": "halo-at-most",
        "RF041": "streams", "RF042": "layers-add-context", "RF043": "padding-share", "RF044": "input-size-fits",
        "RF045": "object-rate", "RF046": "layers-use-field",
    }  # fmt: skip


@pytest.mark.parametrize("info", RULES, ids=lambda info: info.id)
def test_every_rule_explains_itself(info: Any) -> None:
    assert info.summary.endswith(".")
    assert "Way out:" in info.explanation
    assert all(parameter.words for parameter in info.parameters.values())


def test_lookahead_in_milliseconds(tmp_path: Path) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[2, 2])]
    net = small_nets.model(nodes, {"x": (1, 1, 100)}, {"y": (1, 1, 100)}, {"w": np.ones((1, 1, 5), "f")})
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert statuses(path, "lookahead", {"max": 2}) == {"pass"}
    assert statuses(path, "lookahead", {"max": 1.9, "rate": 1000}) == {"fail"}
    assert statuses(path, "lookahead", {"max": 2, "rate": 1000}) == {"pass"}
    (said,) = findings(path, {"causal": True})
    assert (said.status, said.message) == ("fail", "sees 2 samples ahead along x axis 2")


def test_batches_that_are_mixed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "m"], ["y"]),
    ]
    path = small_nets.save(small_nets.model(nodes, {"x": (4, 3)}, {"y": (4, 3)}), tmp_path / "m.onnx")
    assert statuses(path, "batch-independent") == {"fail"}


def test_an_operator_that_nobody_knows(tmp_path: Path) -> None:
    nodes = [helper.make_node("Mystery", ["x"], ["y"], domain="com.example")]
    net = small_nets.model(nodes, {"x": (1, 3, 8, 8)}, {"y": (1, 3, 8, 8)})
    net.opset_import.append(helper.make_opsetid("com.example", 1))
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert statuses(path, "no-unknown-operator") == {"fail"}
    assert statuses(path, "runtime-accepts") == {"fail"}
    (said,) = findings(path, {"field-minimum": {"min": 1, "axis": 2}})
    assert (said.status, "only known as at most" in said.message) == ("fail", True)


def test_an_opset_that_onnxruntime_does_not_take(tmp_path: Path) -> None:
    net = small_nets.classifier()
    net.ir_version = 99
    path = small_nets.save(net, tmp_path / "m.onnx")
    (said,) = findings(path, {"runtime-accepts": True})
    assert said.status == "fail"
    assert "IR 99" in said.message
    assert statuses(path, "finite") == {"error"}  # and what needs a run cannot be tried


def test_outputs_that_are_not_finite(tmp_path: Path) -> None:
    nodes = [helper.make_node("Log", ["x"], ["l"]), helper.make_node("Relu", ["l"], ["y"])]
    path = small_nets.save(small_nets.model(nodes, {"x": (1, 9)}, {"y": (1, 9)}), tmp_path / "m.onnx")
    (said,) = findings(path, {"finite": True})
    assert (said.status, said.message) == ("fail", "is not finite on random[0]; it begins in 'l'")


def test_sequences_that_are_not_finite(tmp_path: Path) -> None:
    nodes = [helper.make_node("Log", ["x"], ["l"]), helper.make_node("SequenceConstruct", ["x", "l"], ["y"])]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 9])],
        [helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, [1, 9])],
    )  # fmt: skip
    net = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (said,) = findings(small_nets.save(net, tmp_path / "m.onnx"), {"finite": True})
    assert (said.status, said.message) == ("fail", "is not finite on random[0]; it begins in 'l'")


def test_runs_that_differ(tmp_path: Path) -> None:
    nodes = [helper.make_node("RandomNormalLike", ["x"], ["r"]), helper.make_node("Add", ["x", "r"], ["y"])]
    path = small_nets.save(small_nets.model(nodes, {"x": (1, 9)}, {"y": (1, 9)}), tmp_path / "m.onnx")
    assert statuses(path, "deterministic") == {"fail"}


def test_axes_that_are_free_in_name_only(tmp_path: Path) -> None:
    free = small_nets.save(small_nets.classifier(size=("h", "w")), tmp_path / "free.onnx")
    shapes = {"x": (1, 3, 8, 8)}
    assert [f.status for f in findings(free, {"dynamic-axes": True}, shapes=shapes)] == ["pass"] * 3
    net = small_nets.classifier(size=("h", "w"))
    baked = [helper.make_node("Reshape", ["x", "s"], ["x8"]), *net.graph.node]
    baked[1].input[0] = "x8"
    del net.graph.node[:]
    net.graph.node.extend(baked)
    net.graph.initializer.append(numpy_helper.from_array(np.array([-1, 3, 8, 8]), "s"))
    path = small_nets.save(net, tmp_path / "m.onnx")
    failed = [f.tensor for f in findings(path, {"dynamic-axes": True}, shapes=shapes) if f.status == "fail"]
    assert failed == ["h", "w"]


def test_against_a_teacher(models: Path) -> None:
    folder = models / "digits"
    settings = Settings(data=folder / "test.npz", samples=100, cost=False, effective=False)
    for student, status in (("student.onnx", {"pass"}), ("twin.onnx", {"fail"})):
        options = {"against": folder / "teacher.onnx", "settings": settings}
        assert statuses(folder / student, "agrees-with-teacher", **options) == status
        assert statuses(folder / student, "sees-like-teacher", **options) == {"pass"}
        assert statuses(folder / student, "sees-like-teacher", 1.5, **options) == {"fail"}


def test_memory_of_a_large_constant(tmp_path: Path) -> None:
    """16 MB of weights and as much again in activations, which a child process must see."""
    weights = {"w": np.random.default_rng(0).standard_normal((2000, 2000)).astype("f")}
    net = small_nets.model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": (2000, 2000)}, {"y": (2000, 2000)}, weights
    )
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert statuses(path, "max-memory", 10**10) == {"pass"}
    assert statuses(path, "max-memory", 30_000_000) == {"fail"}


def test_one_rule_on_several_tensors(models: Path) -> None:
    asked = {"field-minimum": [{"tensor": "conv1", "min": 3}, {"tensor": "conv2", "min": 99, "severity": "note"}]}
    found = findings(models / "seed.onnx", asked)
    assert [(f.tensor, f.status, f.severity) for f in found] == [
        ("conv1", "pass", "error"), ("conv1", "pass", "error"), ("conv2", "fail", "note"), ("conv2", "fail", "note"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"caussal": True}, "there is no rule 'caussal'; did you mean 'causal'"),
        ({"field-minimum": True}, "field-minimum needs 'min'"),
        ({"field-minimum": {"min": 3, "tensr": "a"}}, "has 'tensr', which means nothing here"),
        ({"field-minimum": "many"}, "min is 'many', expected int"),
        ({"causal": 3}, "causal tensor is 3, expected str"),
        ({"causal": {"severity": "fatal"}}, "severity is 'fatal'"),
        ({"field-minimum": {"min": 3, "tensor": "nope"}}, "no tensor 'nope' is computed from an input"),
        ({"field-minimum": {"min": 3, "input": "nope"}}, "there is no input 'nope'"),
        ({"field-minimum": {"min": 3, "axis": 9}}, "no input has an axis 9"),
        (["no-global-operator=3"], "takes no value"),
        ({"sees-like-teacher": True}, "compares with a teacher, and none was given; give --against"),
    ],
)
def test_rules_that_mean_nothing(models: Path, asked: Any, message: str) -> None:
    with pytest.raises(rfonnx.RfonnxError, match=message):
        rfonnx.check(models / "seed.onnx", asked)


def test_words_choose_rules_alone(models: Path) -> None:
    found = rfonnx.check(models / "seed.onnx", ["RF001=6", "max-size=100"])
    assert [(f.rule, f.status) for f in found.findings] == [("RF001", "pass"), ("RF001", "pass"), ("RF017", "fail")]


def test_default_rules_need_no_teacher(models: Path) -> None:
    found = rfonnx.check(models / "seed.onnx")
    assert set(found.rules) == {info.id for info in RULES if info.default} - {"RF020"}
    assert not found.failed("note")


def test_counts_of_resnet50() -> None:
    """4.089 GMACs and 25.56 million weights, as torchvision and fvcore state them for ResNet-50 v1.5 (batch norms: 2
    extra numbers
    per channel, 53,120 in all)."""
    path = Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx"
    graph = load(path)
    assert (macs(graph).total, macs(graph).uncounted) == (4_089_184_256, {})
    assert parameters(graph) == 25_557_032 + 53_120

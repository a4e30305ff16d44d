"""What a check comes to: no rule that was not tried passes, one cause is one finding, and no rule or model stops another.

Whether a model runs on a sample is asked of onnxruntime itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from lxml import etree
from onnx import helper

import rfonnx
import small_nets
from rfonnx.checking import rule_table as registry
from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, unproven
from rfonnx.cli.main import run
from rfonnx.comparing.settings import Settings
from rfonnx.results.findings import CheckResult, Finding

SHAPES = ["--shape", "h=8", "--shape", "w=8"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def samples(folder: str, **shapes: tuple[int, ...]) -> Path:
    Path(folder).mkdir()
    for name, shape in shapes.items():
        np.save(Path(folder) / f"{name}.npy", np.random.default_rng(0).standard_normal(shape).astype("f"))
    return Path(folder)


def takes(path: Path, array: np.ndarray) -> bool:
    """Whether onnxruntime runs the model on it."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    try:
        session.run(None, {"x": array})
    except Exception:
        return False
    return True


def baked(path: str, name: str = "") -> Path:
    """x (n, 2, h, w), declared free, through a Reshape that 8 x 8 is written into."""
    nodes = [
        helper.make_node("Abs", ["x"], ["a"]),
        helper.make_node("Reshape", ["a", "shape"], ["r"], name),
        helper.make_node("Abs", ["r"], ["y"]),
    ]
    sides = {"x": ("n", 2, "h", "w")}
    weights = {"shape": np.array([-1, 2, 8, 8])}
    return small_nets.save(small_nets.model(nodes, sides, {"y": ("n", 2, 8, 8)}, weights), Path(path))


def told(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int) -> dict[str, Any]:
    assert run(["check", *arguments, "--format", "json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("name", ["", "view"])
def test_a_model_that_fails_on_a_sample_is_a_finding(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, data = baked("baked.onnx", name), samples("data", a=(2, 8, 8), b=(2, 9, 9))
    assert [takes(path, np.load(file)[None]) for file in sorted(data.iterdir())] == [True, False]
    good = small_nets.save(small_nets.segmenter(), Path("good.onnx"))
    document = told([str(path), str(good), "--data", "data", *SHAPES], capsys, 1)
    first, second = document["models"]
    (found,) = [f for f in first["findings"] if f["status"] == "error"]
    assert (found["rule"], found["severity"]) == ("RF012", "error")
    assert f"model 'baked.onnx' fails on b.npy at node '{name or 'r'}' (Reshape, tensor 'r'): " in found["message"]
    assert "onnxruntime_src" not in found["message"]
    assert {r["rule"]: r["outcome"] for r in first["rules"]}["RF013"] == "fine"  # it takes the first sample alone
    assert (first["passed"], second["passed"]) == (False, True)


def test_it_is_an_error_in_junit_and_sarif() -> None:
    path = baked("baked.onnx")
    samples("data", b=(2, 9, 9))
    formats = ["--format", "junit", "-o", "a.xml", "--format", "sarif", "-o", "a.sarif"]
    assert run(["check", str(path), "--data", "data", *SHAPES, *formats]) == 1
    suite = etree.parse("a.xml").find("testsuite")
    errors = {case.get("name") for case in suite.findall("testcase") if case.find("error") is not None}
    assert errors >= {"RF012 finite", "RF013 deterministic", "RF014 optimisation-levels"}
    (log,) = json.loads(Path("a.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in log["results"] if result["level"] == "error"] == ["RF012"]
    assert "b.npy" in log["results"][0]["message"]["text"]
    assert log["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    ("shape", "message"),
    [((3, 8, 8), "sample 'c.npy' has the shape 3x8x8"), ((8,), "sample 'c.npy' has the shape 8")],
)
def test_a_sample_that_does_not_fit_is_a_finding(
    shape: tuple[int, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small_nets.save(small_nets.segmenter(), Path("good.onnx"))
    samples("data", c=shape)
    assert not takes(path, np.load("data/c.npy")[None])
    (model,) = told([str(path), "--data", "data", *SHAPES], capsys, 1)["models"]
    (found,) = [f for f in model["findings"] if f["status"] not in ("pass", "skip")]
    assert message in found["message"]
    assert {"RF013", "RF014"} <= set(found["untried"])
    assert model["counts"]["untried"] == 1 + len(found["untried"])


def test_values_that_a_node_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    """A Gather whose indices come from the data: an index out of bounds is raised by a node, not by the session."""
    nodes = [helper.make_node("Gather", ["table", "x"], ["y"], "look_up")]
    types = {"x": onnx.TensorProto.INT64}
    weights = {"table": np.ones((4, 2), "f")}
    net = small_nets.model(nodes, {"x": ("n", 3)}, {"y": ("n", 3, 2)}, weights, types)
    path = small_nets.save(net, Path("m.onnx"))
    np.savez("d.npz", x=np.array([[0, 1, 2], [0, 9, 0]]))
    assert [takes(path, row[None]) for row in np.load("d.npz")["x"]] == [True, False]
    (model,) = told([str(path), "--data", "d.npz"], capsys, 1)["models"]
    (found,) = [f for f in model["findings"] if f["status"] == "error"]
    assert "node 'look_up' (Gather, tensor 'y')" in found["message"]


def test_inputs_that_nobody_can_feed(capsys: pytest.CaptureFixture[str]) -> None:
    """A sequence as an input is no fault of the model nor of the user: what runs it is not proven, which fails when asked for."""
    graph = helper.make_graph(
        [helper.make_node("SequenceAt", ["x", "i"], ["y"])], "net",
        [helper.make_tensor_sequence_value_info("x", onnx.TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [3])],
        [onnx.numpy_helper.from_array(np.array(0), "i")],
    )  # fmt: skip
    opset = [helper.make_opsetid("", 17)]
    path = small_nets.save(helper.make_model(graph, opset_imports=opset, ir_version=8), Path("m.onnx"))
    (model,) = told([str(path)], capsys, 0)["models"]
    outcomes = {rule["rule"]: rule["outcome"] for rule in model["rules"]}
    assert [outcomes[rule] for rule in ("RF012", "RF013", "RF014")] == ["warned"] * 3
    (model,) = told([str(path), "--rule", "finite"], capsys, 1)["models"]
    assert "'x' seq(tensor(float))" in model["findings"][0]["message"]


def test_a_file_that_does_not_load_is_one_finding(capsys: pytest.CaptureFixture[str]) -> None:
    net = small_nets.classifier()
    net.ir_version = 99
    path = small_nets.save(net, Path("m.onnx"))
    (model,) = told([str(path)], capsys, 1)["models"]
    (found,) = [f for f in model["findings"] if f["status"] not in ("pass", "skip")]
    assert (found["rule"], found["status"]) == ("RF011", "fail")
    assert {"RF012", "RF013", "RF014"} <= set(found["untried"])
    (found,) = told([str(path), "--rule", "optimisation-levels"], capsys, 1)["models"][0]["findings"]
    assert (found["status"], found["severity"]) == ("error", "error")  # not the rule's warning: it was not tried


def test_files_that_cannot_be_read_stand_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.onnx").write_bytes(b"no model")
    formats = ["--format", "junit", "-o", "a.xml", "--format", "sarif", "-o", "a.sarif", "--format", "text"]
    assert run(["check", "broken.onnx", *formats]) == 2
    assert "broken.onnx: NOT CHECKED" in capsys.readouterr().out
    assert etree.parse("a.xml").find("testsuite").get("errors") == "1"
    assert json.loads(Path("a.sarif").read_text())["runs"][0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rule", "field-minimum=1", "--rule", "field-minimum.tensor=nope"], "no tensor 'nope'"),
        (["--rule", "finite", "--data", "nope"], "data 'nope' does not exist"),
        (["--rule", "agrees-with-teacher"], "a rule compares with a teacher, and none was given"),
    ],
)
def test_what_the_user_got_wrong_is_exit_code_2(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the rules that mean something are reported all the same."""
    path = small_nets.save(small_nets.classifier(), Path("m.onnx"))
    assert run(["check", str(path), "--rule", "runtime-accepts", *options, "--format", "json"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("rfonnx: error: ")
    assert (message in printed.err, printed.err.count("\n")) == (True, 1)
    (model,) = json.loads(printed.out)["models"]
    assert sorted(rule["outcome"] for rule in model["rules"]) == ["fine", "untried"]
    assert model["passed"] is False


def test_a_check_in_which_every_rule_was_skipped_does_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    path = small_nets.save(
        small_nets.model([helper.make_node("Abs", ["x"], ["y"])], {"x": (1, 4)}, {"y": (1, 4)}), Path("m.onnx")
    )
    assert run(["check", str(path), "--rule", "dynamic-axes"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "m.onnx: NOTHING CHECKED"
    assert lines[2] == "1 rule: 1 skipped; findings: none"
    assert run(["check", str(path), "--rule", "dynamic-axes", "--rule", "runtime-accepts"]) == 0
    assert "2 rules: 1 fine, 1 skipped; findings: none" in capsys.readouterr().out


def test_counts_of_rules_and_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two misaligned joins: two findings of one rule are one rule."""
    nodes = []
    for x, y in (("x", "m"), ("m", "y")):
        nodes.append(helper.make_node("Conv", [x, "w"], [f"{y}_left"], pads=[2, 0]))
        nodes.append(helper.make_node("Conv", [x, "w"], [f"{y}_right"], pads=[0, 2]))
        nodes.append(helper.make_node("Add", [f"{y}_left", f"{y}_right"], [y]))
    net = small_nets.model(nodes, {"x": (1, 1, 40)}, {"y": (1, 1, 40)}, {"w": np.ones((1, 1, 3), "f")})
    path = str(small_nets.save(net, tmp_path / "m.onnx"))
    findings = rfonnx.check(path, ["aligned-joins"]).findings
    assert len(findings) > 1
    words = ["--rule", "aligned-joins", "--rule", "no-unknown-operator"]
    assert run(["check", path, *words]) == 0
    assert f"2 rules: 1 fine, 1 warned; findings: {len(findings)} warnings\n" in capsys.readouterr().out
    assert run(["check", path, *words, "--fail-level", "warning"]) == 1
    assert f"2 rules: 1 fine, 1 failed; findings: {len(findings)} warnings\n" in capsys.readouterr().out


def says(*verdicts: Says | Exception) -> Any:
    def function(subject: Any, values: Values) -> Any:
        for verdict in verdicts:
            if isinstance(verdict, Exception):
                raise verdict
            yield verdict

    return function


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((), "fail"),  # a rule that says nothing has judged nothing
        ((holds("yes"),), "pass"),
        ((holds("yes"), Says("no")), "fail"),
        ((NotApplicableError("nothing here"),), "skip"),
        ((holds("yes"), rfonnx.ModelError("it does not load")), "error"),
    ],
)
def test_what_a_rule_may_say(verdicts: Any, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small_nets.save(small_nets.classifier(), Path("m.onnx"))
    info, _ = registry.find("finite")
    monkeypatch.setitem(registry._rules, "RF012", (info, says(*verdicts)))
    result = rfonnx.check(path, ["finite"])
    assert {finding.status for finding in result.findings} == {status}
    assert result.passed() is (status == "pass")


def test_what_is_not_proven_fails_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    path = small_nets.save(small_nets.classifier(), Path("m.onnx"))
    info, _ = registry.find("finite")
    monkeypatch.setitem(registry._rules, "RF012", (info, says(unproven("is not proven to be finite", "y"))))
    for asked, severity, outcome in (
        (["finite"], "error", "failed"),
        ({"finite": True}, "error", "failed"),
        (None, "note", "warned"),
    ):
        result = rfonnx.check(path, asked)
        (found,) = [f for f in result.findings if f.rule == "RF012"]
        assert (found.status, found.severity, result.outcomes()["RF012"]) == ("fail", severity, outcome)


def test_outcomes_of_one_rule_in_several_runs() -> None:
    info = {"RF001": registry.rules()["RF001"]}

    def outcome(*statuses: Any, severity: Any = "error") -> str:
        findings = tuple(Finding("RF001", "", severity, status, "") for status in statuses)
        return CheckResult("m", findings, info).outcomes()["RF001"]

    assert outcome("pass", "skip") == "fine"
    assert outcome("skip", "skip") == "skipped"
    assert outcome("pass", "fail") == outcome("error", "fail") == "failed"
    assert outcome("pass", "error") == "untried"
    assert outcome("pass", "fail", severity="note") == "warned"


def test_a_student_whose_fields_were_not_compared_does_not_pass(models: Path) -> None:
    folder = models / "digits"
    settings = Settings(data=folder / "test.npz", samples=20, cost=False, fields=False)
    found = rfonnx.check(
        folder / "student.onnx", ["sees-like-teacher"], against=folder / "teacher.onnx", settings=settings
    )
    assert [finding.status for finding in found.findings] == ["fail"]
    message = "is not proven to see like its teacher: the comparison was told to leave fields out"
    assert found.findings[0].message == message


def test_a_field_that_is_only_known_as_at_most_is_not_as_large_as_the_teachers() -> None:
    """Rows picked by data may come from anywhere, as far as the file tells; here they are the rows themselves, and the student
    sees what its teacher does, not twice as much."""
    weights = {"w": np.ones((1, 1, 3, 3), "f"), "rows": np.arange(6), "axes": np.array([0])}
    conv = helper.make_node("Conv", ["x", "w"], ["c"])
    picks = [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
        helper.make_node("Sigmoid", ["mean"], ["share"]),
        helper.make_node("Floor", ["share"], ["zero"]),  # a sigmoid is below 1
        helper.make_node("Cast", ["zero"], ["offset"], to=onnx.TensorProto.INT64),
        helper.make_node("Add", ["rows", "offset"], ["ids"]),
        helper.make_node("Gather", ["c", "ids"], ["y"], axis=2),
    ]
    sides = ({"x": (1, 1, 8, 8)}, {"y": (1, 1, 6, 6)})
    identity = helper.make_node("Identity", ["c"], ["y"])
    teacher = small_nets.save(small_nets.model([conv, identity], *sides, weights), Path("teacher.onnx"))
    student = small_nets.save(small_nets.model([conv, *picks], *sides, weights), Path("student.onnx"))
    x = np.random.default_rng(0).standard_normal((1, 1, 8, 8)).astype("f")
    answers = [onnxruntime.InferenceSession(str(path)).run(None, {"x": x})[0] for path in (teacher, student)]
    np.testing.assert_array_equal(*answers)
    asked = {"settings": Settings(samples=2, cost=False, effective=False), "against": teacher}
    result = rfonnx.check(student, ["sees-like-teacher=2"], **asked)
    assert not result.passed()
    assert any("only known as at most this" in finding.message for finding in result.failed())


def test_a_student_that_fails_on_a_sample_is_one_finding(capsys: pytest.CaptureFixture[str]) -> None:
    path = baked("student.onnx")
    teacher = small_nets.model(
        [helper.make_node("Abs", ["x"], ["y"])], {"x": ("n", 2, "h", "w")}, {"y": ("n", 2, "h", "w")}
    )
    small_nets.save(teacher, Path("teacher.onnx"))
    samples("data", a=(2, 8, 8), b=(2, 9, 9))
    (model,) = told([str(path), "--against", "teacher.onnx", "--data", "data", *SHAPES], capsys, 1)["models"]
    (found,) = [f for f in model["findings"] if f["status"] == "error"]
    assert (found["rule"], "RF020" in found["untried"]) == ("RF012", True)


def test_compare_names_the_sample_and_the_node(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where a batch holds several samples, and where it is the first one."""
    baked("student.onnx")
    teacher = small_nets.model(
        [helper.make_node("Abs", ["x"], ["y"])], {"x": ("n", 2, "h", "w")}, {"y": ("n", 2, 8, 8)}
    )
    small_nets.save(teacher, Path("teacher.onnx"))
    np.savez("rows.npz", x=np.ones((3, 2, 9, 9), "f"))
    assert run(["compare", "teacher.onnx", "student.onnx", "--data", "rows.npz", "--no-cost", "--no-effective"]) == 2
    message = "student 'student.onnx' fails on rows.npz[0] at node 'r' (Reshape, tensor 'r')"
    assert message in capsys.readouterr().err


def test_a_sample_that_cannot_be_read_stops_no_other_rule(capsys: pytest.CaptureFixture[str]) -> None:
    path = small_nets.save(small_nets.segmenter(), Path("good.onnx"))
    samples("data", a=(2, 8, 8))
    Path("data/b.npy").write_bytes(b"no array")
    (model,) = told([str(path), "--data", "data", *SHAPES], capsys, 2)["models"]
    (found,) = [f for f in model["findings"] if f["status"] == "error"]
    assert "b.npy" in found["message"]
    assert {rule["outcome"] for rule in model["rules"] if rule["rule"] < "RF012"} == {"fine"}

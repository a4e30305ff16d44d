"""The configuration file: which one is taken, what it may hold, and that the output names it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import small_nets
from rfonnx.cli.main import run
from rfonnx.errors import DataError
from rfonnx.system.config import read_config


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


OWN = [
    ("[chekc]\nfail-level = 'note'", r"rfonnx.toml: \[chekc\] means nothing to rfonnx; did you mean \[check\]\?"),
    ("[Check]", r"\[Check\] means nothing to rfonnx; did you mean \[check\]"),
    ("[chekc.rules]\ncausal = true", r"\[chekc\] means nothing"),
    ("[tool.rfonnx.check]\nfail-level = 'note'", r"\[tool.rfonnx\] is for pyproject.toml; leave the prefix out"),
    ("[tool.rfonnx.checking.rules]\ncausal = true", r"\[tool.rfonnx\] is for pyproject.toml; leave the prefix out"),
    ("[tool.ruff]\nx = 1", r"\[tool\] means nothing to rfonnx; the tables are \[check\], \[compare\]"),
    ("causal = true", r"'causal' means nothing to rfonnx; the tables are \[check\], \[compare\]; rules stand in \[check.rules\]"),
    ("[rules]\ncausal = true", r"\[rules\] means nothing to rfonnx; .*rules stand in \[check.rules\]"),
    ("[[chek]]\na = 1", r"'chek' means nothing to rfonnx; did you mean \[check\]"),
]  # fmt: skip
OF_CHECK = [
    ("check = 3", "'check' is 3, expected a table"),
    ("[check]\nfail_level = 'note'", r"\[check\] has 'fail_level', which means nothing here; did you mean 'fail-level'"),
    ("[check.rule]\ncausal = true", r"\[check\] has 'rule', which means nothing here; did you mean 'rules'"),
]  # fmt: skip
SHARED = [
    ("[tool.rfonnx.chekc]", r"pyproject.toml: \[tool.rfonnx.chekc\] means nothing to rfonnx; did you mean \[tool.rfonnx.check\]"),
    ("[tool.rfonnx]\ncausal = true", r"'causal' means nothing to rfonnx; the tables are \[tool.rfonnx.check\]"),
    ("[tool]\nrfonnx = 3", "tool.rfonnx is 3, expected a table"),
]  # fmt: skip


FILES = [("rfonnx.toml", *case) for case in OWN] + [("pyproject.toml", *case) for case in SHARED]


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize(
    ("command", "file", "text", "message"),
    [(command, *case) for case in FILES for command in ("check", "compare")]
    + [("check", "rfonnx.toml", *case) for case in OF_CHECK],
)
def test_what_means_nothing_is_refused(
    command: str, given: bool, file: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By every command that reads the file, found or given."""
    Path(file).write_text(text)
    option = {"check": "--rules", "compare": "--config"}[command]
    models = ["a.onnx"] if command == "check" else ["a.onnx", "b.onnx"]
    assert run([command, *models, *([option, file] if given else [])]) == 2
    printed = capsys.readouterr().err
    assert re.search(message, printed), printed


def test_a_given_file_configures_something() -> None:
    for name in ("empty.toml", "pyproject.toml"):
        Path(name).write_text("" if name == "empty.toml" else "[tool.ruff]\nx = 1\n")
        with pytest.raises(DataError, match=f"{name} configures nothing; it may have the tables"):
            read_config(name)
    assert read_config().path is None  # a pyproject.toml of other tools is none of ours


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ({}, None),
        ({"pyproject.toml": "[tool.ruff]\n"}, None),
        ({"pyproject.toml": "[tool.rfonnx.check]\nfail-level='note'"}, "pyproject.toml"),
        ({"pyproject.toml": "[tool.rfonnx.check]\n", "rfonnx.toml": "[check]\n"}, "rfonnx.toml"),
    ],
)  # fmt: skip
def test_the_output_names_the_file(
    files: dict[str, str], taken: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in files.items():
        Path(name).write_text(text)
    path = str(small_nets.save(small_nets.classifier(), Path("m.onnx")))
    run(["check", path, "--rule", "finite", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["config"] == taken
    run(["check", path, "--rule", "finite"])
    assert f"configuration: {taken or 'none'}\n" in capsys.readouterr().out
    options = ["--samples", "2", "--no-cost", "--no-effective"]
    run(["compare", path, path, *options, "--format", "json"])
    assert json.loads(capsys.readouterr().out)["config"] == taken
    run(["compare", path, path, *options])
    assert f"configuration: {taken or 'none'}\n" in capsys.readouterr().out


def test_the_file_that_was_given_is_named_as_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    Path("ci").mkdir()
    Path("ci/strict.toml").write_text("[check.rules]\nmax-macs = 10\n")
    path = str(small_nets.save(small_nets.classifier(), Path("m.onnx")))
    assert run(["check", path, "--rules", "ci/strict.toml"]) == 1
    assert "configuration: ci/strict.toml\n" in capsys.readouterr().out

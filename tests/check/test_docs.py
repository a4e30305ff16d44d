"""docs/check.md: its table is the registry's, its configurations are read, and its CI example runs as written."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rfonnx.checking.request import from_config
from rfonnx.checking.rule_table import rules
from rfonnx.cli.main import run
from rfonnx.comparing.options import from_config as compare_config
from rfonnx.system.config import Config

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "check.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_table_is_the_registry_s() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| RF")
    ]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        (
            info.id,
            info.name,
            ", ".join(["yes"] * info.default + [info.severity] * (info.severity != "error")),
        )
        for info in rules().values()
    ]


def test_configurations_are_read() -> None:
    for path in ("check.md", "compare.md"):
        for block in blocks((DOCS / path).read_text(), "toml"):
            config = Config(Path("rfonnx.toml"), tomllib.loads(block))
            assert from_config(config, (), None, {}, {}, {}).chosen
            assert compare_config(config)


def test_the_ci_example_runs_as_written(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models").mkdir()
    Path("samples").mkdir()
    for name in ("teacher.onnx", "student.onnx"):
        shutil.copy(models / "digits" / name, Path("models") / name)
    for index, image in enumerate(np.load(models / "digits" / "test.npz")["images"][:40]):
        Image.fromarray(image).save(f"samples/{index:02}.png")
    commands = re.findall(r"- run: (rfonnx .*)", blocks(TEXT, "yaml")[0])
    assert len(commands) == 1
    program, *arguments = shlex.split(commands[0])
    assert program == "rfonnx"
    assert run(arguments) == 0
    log = json.loads(Path("check.sarif").read_text())
    (ran,) = log["runs"]
    assert {rule["id"] for rule in ran["tool"]["driver"]["rules"]} >= {"RF012", "RF020"}
    assert ran["invocations"][0]["executionSuccessful"] is True


def test_the_pre_commit_hook_is_the_command() -> None:
    text = (DOCS.parent / ".pre-commit-hooks.yaml").read_text()
    assert re.search(r"^- id: rfonnx-check$", text, re.MULTILINE)
    assert re.search(r"^  entry: rfonnx check$", text, re.MULTILINE)
    assert "id: rfonnx-check" in blocks(TEXT, "yaml")[1]

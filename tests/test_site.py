"""What the site lists is all that there is. That it can be built, without a warning, is a step of `.ci/run`."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

import rfonnx
from rfonnx import testing, types

ROOT = Path(__file__).parents[1]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs"), *sys.path])
    page = "\n".join(importlib.import_module("reference_page").reference())
    return re.findall(r"^\.\. (?:auto\w+|py:data):: (\S+)", page, re.MULTILINE)


def test_the_reference_names_what_is_public_once(listed: list[str]) -> None:
    assertions = [f"rfonnx.testing.{name}" for name in vars(testing) if name.startswith("assert_")]
    named = [f"rfonnx.types.{name}" for name in vars(types) if name[0].isupper() and name not in rfonnx.__all__]
    imported = ["rfonnx.types.Mapping", "rfonnx.types.Sequence"]
    public = [f"rfonnx.{name}" for name in rfonnx.__all__ if name != "__version__"]
    wanted = {*public, *assertions, "rfonnx.testing", *named} - {*imported}
    assert wanted <= set(listed)
    assert len(set(listed)) == len(listed)
    rest = set(listed) - wanted
    assert "rfonnx.results.findings.Finding" in rest
    assert all(name.startswith("rfonnx.results.") for name in rest)


def test_the_page_on_installation_lists_every_extra() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "installation.md").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert listed == list(project["optional-dependencies"])

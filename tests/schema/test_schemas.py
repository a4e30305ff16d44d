"""The schemas in docs/schema are made of the results and their docstrings, and say all there is to say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schema.documents import DOCUMENTS, FOLDER, ROOT, schema, text
from schema.generator import Generator

PAGE = ROOT / "docs" / "json.md"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_file_is_what_the_code_says(name: str) -> None:
    file = FOLDER / f"{name}.json"
    if os.environ.get("RFONNX_GOLDEN") == "write":
        file.write_text(text(name), newline="")
    assert file.read_text() == text(name), "RFONNX_GOLDEN=write pytest tests/schema writes it anew"


def test_there_are_no_others() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_a_schema_that_describes_every_key_and_allows_no_other(name: str) -> None:
    made = schema(name)
    Draft202012Validator.check_schema(made)
    assert made["$id"].endswith(f"/schema/{name}.json")
    objects = [one for one in within(made) if "properties" in one]
    assert objects
    for one in objects:
        assert one["additionalProperties"] is False
        assert one["description"]
        for key, value in one["properties"].items():
            assert re.search(r"\w", value["description"]), key
            assert not re.search(r"\b(None|True|False)\b", value["description"]), f"{key} speaks Python"
    used = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(made)))
    assert used == set(made["$defs"])


def within(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema, and all in it."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from within(part)


def test_an_attribute_that_no_docstring_describes_is_refused() -> None:
    @dataclass
    class Half:
        """Half described.

        Attributes:
            told: what it is.
        """

        told: int
        untold: int

    with pytest.raises(AssertionError, match="Half does not say what 'untold' is"):
        Generator("none").of(Half)


def test_the_page_tells_of_every_schema() -> None:
    rows = re.findall(r"^\| `(.*?)` \| \[schema/(.*?)\.json\]\(schema/(.*?)\.json\) \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [(document.command, name, name) for name, document in DOCUMENTS.items()]


def test_what_the_page_shows_works(tmp_path: Path) -> None:
    shown = re.findall(r"^```(console|python)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert [language for language, _ in shown] == ["console", "python"]
    for folder in ("docs", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for language, block in shown:
        words = ["-m", *block.split()] if language == "console" else ["-c", block]
        done = subprocess.run([sys.executable, "-P", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

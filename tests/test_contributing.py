"""The operators that CONTRIBUTING.md adds take what it says, and no more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from rfonnx import _core

ROOT = Path(__file__).parents[1]


def added(folder: Path, diff: str) -> None:
    """Take over what a diff says of each file: lines in the place of others, the rest at its end; cases come first."""
    for name, *lines in (part.split("\n") for part in diff.split("+++ ")[1:]):
        path = folder / name
        text, more = path.read_text(), [line[1:] for line in lines if line.startswith("+")]
        for old in (line[1:] for line in lines if line.startswith("-")):
            assert old in text
            text = text.replace(old, more.pop(0))
        block = "\n".join(more)
        place = text.index("    Case(") if path.name == "table.py" else len(text)
        path.write_text(f"{text[:place]}{block}\n{text[place:]}")


def test_adding_an_operator_takes_what_the_page_shows(tmp_path: Path) -> None:
    for name in ("rfonnx", "tests", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(_core.__file__, tmp_path / "rfonnx")
    diffs = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert len(diffs) == 2
    for diff in diffs:
        added(tmp_path, diff)
    tests = ["-q", "-p", "no:cacheprovider", "tests/access", "tests/operators", "tests/gradient", "-k"]
    command = [sys.executable, "-P", "-m", "pytest", *tests, "SoftStep or SumPool"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) >= 3 * len(diffs)

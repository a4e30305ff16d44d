"""The tab key, by the lines that docs/installation.md shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = dict(
    re.findall(r"^(.*_RFONNX_COMPLETE=(\w+)_source.*)$", (ROOT / "docs" / "installation.md").read_text(), re.MULTILINE)
)
SHELLS = {shell: line for line, shell in LINES.items()}


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """An environment in which `rfonnx` is this one."""
    script = tmp_path / "bin" / "rfonnx"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m rfonnx "$@"\n')
    script.chmod(0o755)
    (tmp_path / ".config" / "fish" / "completions").mkdir(parents=True)
    return {**os.environ, "HOME": str(tmp_path), "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_page_has_a_line_for_each_shell() -> None:
    assert set(SHELLS) == {"bash", "zsh", "fish"}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["rfonnx", "rep"], ["report"]),
        (["rfonnx", "tile", ""], ["plan", "run", "verify"]),
        (["rfonnx", "report", "--summ"], ["--summary"]),
        (["rfonnx", "compare", "--kind", "f"], ["fp16", "fp32"]),
    ],
    ids=" ".join,
)
def test_bash_completes(typed: list[str], offered: list[str], program: dict[str, str]) -> None:
    words = " ".join(f"'{word}'" for word in typed)
    lines = [
        SHELLS["bash"],
        f"COMP_WORDS=({words})",
        f"COMP_CWORD={len(typed) - 1}",
        "_rfonnx_completion rfonnx",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    done = subprocess.run(["bash", "-c", "\n".join(lines)], env=program, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert sorted(done.stdout.split()) == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_take_their_lines(shell: str, program: dict[str, str], tmp_path: Path) -> None:
    """Where the shell is not installed, the script is made, and nothing reads it."""
    line = SHELLS[shell].replace("eval", "printf %s") if shutil.which(shell) is None else SHELLS[shell]
    runner = shutil.which(shell) or "bash"
    done = subprocess.run([runner, "-c", line], env=program, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    written = done.stdout or "".join(path.read_text() for path in tmp_path.rglob("rfonnx.fish"))
    assert "_rfonnx_completion" in written or shutil.which(shell)

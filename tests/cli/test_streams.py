"""Standard streams that are closed, full, or read no more: one line and exit code 2, or nothing to tell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
COMMANDS = [["--help"], ["--version"], ["ops"], ["check", "--list"]]


def shell(redirection: str, *args: str) -> tuple[int, str, str]:
    """The command run by a shell with a redirection, which is how streams are closed."""
    line = f'exec "$@" {redirection}'
    done = subprocess.run(
        ["sh", "-c", line, "sh", sys.executable, "-P", "-m", "rfonnx", *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_standard_output_is_closed(args: list[str]) -> None:
    code, _, told = shell(">&-", *args)
    assert (code, told.count("\n")) == (2, 1)
    assert told.startswith("rfonnx: error: standard output cannot be written: Bad file descriptor")


@FULL
@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_the_disk_is_full(args: list[str]) -> None:
    code, _, told = shell(">/dev/full", *args)
    assert (code, told.count("\n")) == (2, 1)
    assert "No space left on device" in told


@pytest.mark.parametrize("redirection", ["2>&-", pytest.param("2>/dev/full", marks=FULL)])
def test_nobody_can_be_told(redirection: str) -> None:
    assert shell(redirection, "report", "nowhere.onnx")[0] == 2
    assert shell(redirection)[0] == 2
    code, out, _ = shell(redirection, "ops")
    assert code == 0
    assert out.endswith(" operators\n")


def test_all_streams_are_closed_and_a_file_is_written(tmp_path: Path) -> None:
    """What is opened must not get the number of a standard stream, where a library's messages would go into it."""
    target = tmp_path / "ops.json"
    assert shell("<&- >&- 2>&-", "ops", "--format", "json", "-o", str(target)) == (0, "", "")
    assert target.read_text().startswith('{"format": 1')
    assert shell("<&- >&- 2>&-", "ops", "--format", "json")[0] == 2


def test_a_reader_of_the_help_that_leaves_early_is_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rfonnx", "--help"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, b"")

"""Ways to run the command line: inside this process, and as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from outcome import Outcome
from rfonnx.cli.main import run


@pytest.fixture
def rfonnx(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs a command in this process."""

    def call(*args: object) -> Outcome:
        code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def process() -> Callable[..., Outcome]:
    """Runs `python -m rfonnx` in a process of its own."""

    def call(*args: object, **options: object) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "rfonnx", *map(str, args)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call

"""What a command loads: `rfonnx report` must be quick, so nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rfonnx.cli.commands import COMMANDS

HEAVY = (
    "rich",
    "onnxruntime",
    "matplotlib",
    "pandas",
    "onnx.reference",
    "onnx.inliner",
    "PIL",
    "hashlib",
    "rfonnx.results.streaming",
)


@pytest.mark.parametrize("style", ["text", "json", "csv", "markdown"])
def test_report_loads_nothing_it_does_not_need(style: str, models: Path) -> None:
    program = (
        "import sys; from rfonnx.cli.main import run;"
        f"assert run(['report', {str(models / 'seed.onnx')!r}, '--format', {style!r}]) == 0;"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules];"
        "print(*loaded, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == []


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda words: " ".join(words) or "rfonnx")
def test_help_waits_for_nothing_heavy(command: list[str]) -> None:
    program = (
        f"import sys; from rfonnx.cli.main import run; assert run([*{command!r}, '--help']) == 0;"
        f"loaded = [name for name in {('numpy', 'onnx', *HEAVY)!r} if name in sys.modules];"
        "print(*loaded, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == []

"""What a command loads: `rfonnx report` must be quick, so nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("rich", "onnxruntime", "matplotlib", "pandas", "onnx.reference", "onnx.inliner", "PIL")


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

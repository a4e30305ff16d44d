"""What a command loads: `rfonnx report` must be quick, so nothing that it does not need."""

from __future__ import annotations

import os
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

ASKED_FOR = (
    "rfonnx.model.building.unroll",
    "rfonnx.operators.attention",
    "rfonnx.operators.control",
    "rfonnx.report.endings",
    "rfonnx.report.fields.object_lines",
    "rfonnx.report.files",
    "rfonnx.report.mark",
    "rfonnx.report.target",
    "rfonnx.results.geometry",
    "rfonnx.results.objects",
)
"""What loops, files and options need: a report of a plain net to standard output has none of them."""

MOST = 170
"""Files of rfonnx that such a report may load: each costs a third of a million instructions before its first line is run."""


@pytest.mark.parametrize("style", ["text", "json", "csv", "markdown"])
def test_report_loads_nothing_it_does_not_need(style: str, models: Path) -> None:
    program = (
        "import sys, onnx; given = set(sys.modules); from rfonnx.cli.main import run;"  # some versions load more
        f"assert run(['report', {str(models / 'seed.onnx')!r}, '--format', {style!r}]) == 0;"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules and name not in given];"
        "print(*loaded, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == []


@pytest.mark.parametrize("style", ["text", "json", "csv", "markdown"])
def test_a_report_of_a_plain_net_loads_what_it_uses(style: str, models: Path) -> None:
    program = (
        "import sys, onnx; given = set(sys.modules); from rfonnx.cli.main import run;"
        f"assert run(['report', {str(models / 'seed.onnx')!r}, '--format', {style!r}]) == 0;"
        "print(*(name for name in sys.modules if name not in given), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stderr.split())
    assert loaded & set(ASKED_FOR) == set()
    assert "rfonnx.operators.conv" in loaded
    assert sum(name.startswith("rfonnx") for name in loaded) <= MOST
    # A class of four fields costs two to four million instructions, where a named tuple costs 0.4.
    assert style in ("json", "csv") or "dataclasses" not in loaded


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda words: " ".join(words) or "rfonnx")
def test_help_waits_for_nothing_heavy(command: list[str]) -> None:
    program = (
        f"import sys; from rfonnx.cli.main import run; assert run([*{command!r}, '--help']) == 0;"
        f"loaded = [name for name in {('numpy', 'onnx', *HEAVY)!r} if name in sys.modules];"
        "print(*loaded, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted by /proc")
@pytest.mark.parametrize("given", [None, "2"])
def test_a_report_starts_no_threads_that_multiply_matrices(given: str | None, models: Path) -> None:
    program = (
        "import os, sys, threading; from rfonnx.cli.main import main; leave = os._exit;"
        "count = lambda: len(os.listdir('/proc/self/task')) - threading.active_count();"
        "os._exit = lambda code: (print(code, count(), file=sys.stderr, flush=True), leave(code));"
        f"sys.argv = ['rfonnx', 'report', {str(models / 'seed.onnx')!r}]; main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": given} if given else {}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    # What the user says of them holds; a machine of one core has none.
    assert done.stderr.split() == ["0", "1" if given and (os.cpu_count() or 1) > 1 else "0"]

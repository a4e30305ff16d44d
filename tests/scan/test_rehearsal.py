"""The process whose copies report models has read all that they need, and has one thread."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rfonnx.scanning.rehearsal import rehearse, small_model
from rfonnx.scanning.reporting import reported

ROOT = Path(__file__).parents[2]

MEASURED = """
import os, sys
from rfonnx.scanning.rehearsal import rehearse
from rfonnx.scanning.reporting import reported
rehearse()
before = set(sys.modules)
for path in sys.argv[1:]:
    reported(path, None)
print(*sorted(set(sys.modules) - before - {"rfonnx.model.reading.bound_values"}))  # small, and for open lengths
print(len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1)
"""


def test_a_report_reads_nothing_that_the_rehearsal_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each copy would read it anew: onnxruntime, the rules and onnx's evaluator took half of a small model's time."""
    monkeypatch.setenv("RFONNX_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    models = [str(ROOT / "models" / f"{name}.onnx") for name in ("se", "unet", "vit")]
    done = subprocess.run([sys.executable, "-P", "-c", MEASURED, *models], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "1"], done.stdout


def test_the_rehearsed_model_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rehearsal.onnx"
    path.write_bytes(small_model().SerializeToString())
    found = reported(str(path), None)
    assert [(one["axis"], one["kind"]) for one in found["outputs"][0]["fields"]] == [(2, "global"), (3, "global")]


def test_a_rehearsal_that_fails_costs_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfonnx.scanning.rehearsal.reported", lambda *_: 1 / 0)
    rehearse()

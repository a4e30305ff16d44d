"""A short run of the fuzz; `run.py` makes long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.run import survey


def test_random_models_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # of the processes that the models run in
    findings, lines = survey(range(100))
    print(*lines, sep="\n")
    assert not findings
    assert int(lines[2].split()[0]) > 3000  # pairs that were really held to onnxruntime

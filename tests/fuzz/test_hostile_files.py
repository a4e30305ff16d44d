"""A short run over hostile files; `hostile.py` makes long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.hostile import MODELS, survey


def test_hostile_files_are_answered_or_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # of the processes that they go through
    findings, counts, _ = survey(range(48), MODELS)
    print(*sorted(counts.items()), sep="\n")
    assert not findings
    assert {what.split()[0].rstrip(":") for what in counts} >= {"model", "samples", "toml"}
    assert any(what.endswith(": 0") for what in counts)  # some were good enough

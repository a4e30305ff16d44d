"""A short run over damaged files; `damage.py` makes long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.damage import survey


def test_damaged_files_are_reported_on_or_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # of the processes that they go through
    findings, lines = survey(range(60))
    print(*lines, sep="\n")
    assert not findings
    for command in ("report", "explain", "check", "erf"):
        assert f"{command} " in lines[0].replace(f"{command} refused", "")  # some were good enough

"""The bar for people who wait: only on a terminal, only when it takes long."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from rfonnx.cli import waiting


class Terminal(io.StringIO):
    """Standard error of a person."""

    def isatty(self) -> bool:
        return True


def test_no_bar_for_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    before = set(threading.enumerate())
    with waiting.waiting("analysing"):
        assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


def test_no_bar_when_it_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(waiting, "DELAY", 3600.0)
    with waiting.waiting("analysing"):
        pass
    assert terminal.getvalue() == ""


def test_a_bar_when_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(waiting, "DELAY", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    shown = threading.Event()
    write = terminal.write

    def watched(text: str) -> int:
        if "analysing" in text:
            shown.set()
        return write(text)

    monkeypatch.setattr(terminal, "write", watched)
    with waiting.waiting("analysing [red]"):
        assert shown.wait(30)
    assert "analysing [red]" in terminal.getvalue()


def test_the_bar_ends_when_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    before = set(threading.enumerate())
    with pytest.raises(ValueError, match="broken"), waiting.waiting("analysing"):
        raise ValueError("broken")
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile

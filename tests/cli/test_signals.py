"""Ctrl-C and SIGTERM, whenever they come: exit code 130 or 143, no traceback, no temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WAITING = """
import sys, time
import rfonnx.cli.commands
from rfonnx.system import scratch
{inside}
from rfonnx.cli.main import main
main()
"""
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
"""As Python starts from a terminal, also where whoever runs the tests has turned signals off (`nohup`, `&` in a script)."""
IMPORTING = """
class Slow:
    def find_spec(self, name, *_):
        if name == 'rfonnx.cli.ops':
            print('ready', flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
"""
WORKING = """
import rfonnx.cli.ops
def work(**_):
    with scratch.folder() as folder:
        (folder / 'model.onnx').write_text('half')
        print('ready', flush=True)
        {work}
rfonnx.cli.ops.command.callback = work
"""
PYTHON = "time.sleep(60)"
NATIVE = "import ctypes; lock = ctypes.CDLL(None).pthread_mutex_lock; mutex = bytes(64); lock(mutex); lock(mutex)"
"""Waits for itself, outside Python and without the interpreter's lock, as a long run of onnxruntime does."""


def ended(inside: str, tmp_path: Path, *signals: signal.Signals) -> tuple[int, str]:
    """Exit code and standard error of `rfonnx ops`, sent the signals when it is ready."""
    program = LISTENING + WAITING.format(inside=inside)
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program, "ops"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        for number in signals:
            process.send_signal(number)
            time.sleep(0.1)  # two signals at once are one
        told = process.stderr.read()
        return process.wait(timeout=60), told.strip()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("inside", [IMPORTING, WORKING.format(work=PYTHON)], ids=["importing", "working"])
def test_a_signal_ends_it_quietly(inside: str, number: signal.Signals, code: int, tmp_path: Path) -> None:
    assert ended(inside, tmp_path, number) == (code, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("signals", "code"), [((signal.SIGTERM,), 143), ((signal.SIGINT, signal.SIGINT), 130)], ids=["term", "int twice"]
)
def test_a_library_that_does_not_listen_is_not_waited_for(
    signals: tuple[signal.Signals, ...], code: int, tmp_path: Path
) -> None:
    assert ended(WORKING.format(work=NATIVE), tmp_path, *signals) == (code, "")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_turned_off_stays_off(tmp_path: Path) -> None:
    """As `nohup` and `&` in a script have it."""
    program = WAITING.format(inside=WORKING.format(work="time.sleep(1)"))
    with subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-P", "-c", program, "ops"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0

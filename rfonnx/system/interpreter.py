"""How a second Python is started: none of its modules come from the current folder, which may be a stranger's."""

from __future__ import annotations

import os
import signal
import sys


def python(*arguments: str) -> list[str]:
    """The command line of this interpreter. -P: the current folder is not searched."""
    return [sys.executable, "-P", *arguments]


def environment() -> dict[str, str]:
    """This process's environment; empty entries of PYTHONPATH, which mean the current folder, are left out."""
    found = dict(os.environ)
    if "PYTHONPATH" in found:
        entries = found["PYTHONPATH"].split(os.pathsep)
        found["PYTHONPATH"] = os.pathsep.join(entry for entry in entries if entry not in ("", os.curdir))
    return found


def ended(code: int) -> str:
    """How a process ended, by its exit code as `subprocess` has it: "SIGABRT", "exit code 3"."""
    if code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"

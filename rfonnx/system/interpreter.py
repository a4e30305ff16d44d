"""How a second Python is started: none of its modules come from the current folder, which may be a stranger's."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time


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


def end_with(parent: int) -> None:
    """End this process when the one that started it is gone: one that is killed cannot end what it started. POSIX."""
    if os.name == "posix":
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def ended(code: int) -> str:
    """How a process ended, by its exit code as `subprocess` has it: "SIGABRT", "exit code 3"."""
    if code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"

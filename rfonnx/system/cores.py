"""How much of the machine one process takes."""

from __future__ import annotations

import os

from rfonnx.errors import QueryError

THREADS = "RFONNX_THREADS"
"""Name in the environment: threads of one operator, of processes that run beside others."""


def asked_threads() -> int | None:
    """Threads of one operator, as the environment says; None: it does not.

    Raises:
        QueryError: it says something else.
    """
    said = os.environ.get(THREADS)
    if said is None:
        return None
    if not said.isdecimal() or int(said) < 1:
        raise QueryError(f"{THREADS} in the environment is {said!r}, not a number of threads", f"unset {THREADS}")
    return int(said)


def usable_cores() -> int:
    """Threads that an operator of this process has by default: as the environment says, else the cores that it may use."""
    asked = asked_threads()
    if asked is not None:
        return asked
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1

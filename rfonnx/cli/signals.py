"""Ctrl-C and requests to end: no traceback, nothing temporary left behind, exit code 130 or 143."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from types import FrameType

from rfonnx import scratch

CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Exit codes: 128 and the number of the signal, as shells have them."""

GRACE = 2.0
"""Seconds that the main thread has to end by itself after SIGTERM."""

_received: list[int] = []


class Ended(BaseException):
    """The process was asked to end. No `Exception`: what handles errors must let it pass."""


def install() -> None:
    """Answer SIGINT and SIGTERM; one that the caller of the process has turned off stays off (`nohup`, `&` in a script)."""
    for number in CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)
    # Handlers wait until the main thread is back in Python, which a run of onnxruntime may delay for minutes; a thread does not.
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(ours,), daemon=True).start()
    sys.unraisablehook = _unraisable


def finish(code: int) -> int:
    """The exit code, that of a signal first. From here on, while Python takes itself down, signals are ignored."""
    for number in CODES:
        signal.signal(number, signal.SIG_IGN)
    scratch.remove_all()
    return received() or code


def received() -> int:
    """The exit code of the first signal that came; 0 when none did."""
    return CODES[_received[0]] if _received else 0


def _handle(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt if number == signal.SIGINT else Ended


def _watch(pipe: int) -> None:
    """Wait for the first signal; after SIGTERM's time of grace, or when a second one comes, end the process."""
    first = os.read(pipe, 1)[0]
    select.select([pipe], [], [], GRACE if first == signal.SIGTERM else None)
    scratch.remove_all()
    os._exit(CODES.get(first, 1))


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    """A signal that came inside a finaliser cannot be raised there: the exit code tells of it, and no traceback."""
    if not isinstance(args.exc_value, KeyboardInterrupt | Ended):
        sys.__unraisablehook__(args)

"""Ctrl-C and requests to end: no traceback, nothing temporary left behind, exit code 130 or 143."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

from rfonnx.system import scratch

CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
if hasattr(signal, "SIGHUP"):  # the terminal was closed; Windows has none
    CODES[signal.SIGHUP] = 129
"""Exit codes: 128 and the number of the signal, as shells have them."""

GRACE = 2.0
"""Seconds that the main thread has to end by itself when it is asked to end."""

_received: list[int] = []


class Ended(BaseException):
    """The process was asked to end. No `Exception`: what handles errors must let it pass."""


def install() -> None:
    """Answer the signals of `CODES`; one that the caller of the process has turned off stays off (`nohup`, `&` in a script)."""
    for number in CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)
    # Handlers wait until the main thread is back in Python, which a run of onnxruntime may delay for minutes; a thread does not.
    sys.unraisablehook = _unraisable
    try:
        ours, theirs = os.pipe()
        threading.Thread(target=_watch, args=(ours,), daemon=True).start()
    except (OSError, RuntimeError):
        return  # no file or thread is left: signals are answered a little later
    os.set_blocking(theirs, False)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)


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
    if _importing(frame):
        # An extension module (onnx, onnxruntime) whose first lines raise may crash; nothing is found yet that could be told.
        _leave(number)
    raise KeyboardInterrupt if number == signal.SIGINT else Ended


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


def _leave(number: int) -> None:
    scratch.remove_all()
    os._exit(CODES[number])


def _watch(pipe: int) -> None:
    """Wait for the first signal; after the time of grace, or, after Ctrl-C, when a second one comes, end the process."""
    coming = (number for number in iter(lambda: os.read(pipe, 1)[0], None) if number in CODES)
    first = next(coming)
    if first == signal.SIGINT:
        next(coming)
    else:
        time.sleep(GRACE)
    _leave(first)


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    """A signal that came inside a finaliser cannot be raised there: the exit code tells of it, and no traceback."""
    if not isinstance(args.exc_value, KeyboardInterrupt | Ended):
        sys.__unraisablehook__(args)

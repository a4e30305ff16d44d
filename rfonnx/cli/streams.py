"""Standard streams that are closed, full, or read no more."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from rfonnx.errors import RfonnxError


def complete() -> None:
    """Give streams that the process began without a stand-in, before a file that is opened gets their number.

    What is written to a closed standard output fails as on a full disk; there is nobody whom a closed standard error
    could tell.
    """
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            stream = open(number, "r" if number == 0 else "w", closefd=False, errors="backslashreplace")  # noqa: SIM115
            setattr(sys, name, stream)


def flush() -> None:
    """Hand on what standard output still holds.

    Raises:
        RfonnxError: it cannot be written. That its reader (head, less) has seen enough is no error.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        give_up()
    except OSError as error:
        give_up()
        raise unwritten(error) from None


def unwritten(error: OSError) -> RfonnxError:
    """The error that a failed write to standard output becomes."""
    return RfonnxError(f"standard output cannot be written: {error.strerror}", "make room, or use -o")


def give_up() -> None:
    """Send what Python still holds for standard output nowhere, or its exit would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def end() -> None:
    """Hand on what both streams hold, as Python does when it ends, as far as it can be written."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def say(text: str) -> None:
    """A line on standard error, as far as it can be written: the exit code says the rest."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

"""The file that a report goes into: checked before the work, so that nothing of the user's is lost and no work is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from rfonnx.errors import RfonnxError

UNWRITABLE = "choose a folder that exists and may be written to"
OTHER_NAME = "give the report a file of its own"


def target(output: str, inputs: Iterable[str | os.PathLike[str] | None] = (), option: str = "-o") -> Path:
    """The file behind `output`, links followed.

    Args:
        output: as given with -o.
        inputs: files and folders that the run reads; None: not given.
        option: that it was given with, for messages.

    Raises:
        RfonnxError: it cannot be written; it is an input of the run, or would be one of the next; it holds something else
            than a report of ours.
    """
    try:
        found = Path(output).resolve()
        if found.is_dir() or output.endswith(os.sep):
            raise RfonnxError(f"{option} {output} is a folder, expected a file", "add a file name to it")
        for given in inputs:
            if given is not None:
                _keep_input(output, found, Path(given), option)
        _keep_other(output, found, option)
        if not found.parent.is_dir():
            raise RfonnxError(f"{option} {output} cannot be written: there is no such folder", UNWRITABLE)
        if not os.access(found.parent, os.W_OK | os.X_OK):
            raise RfonnxError(f"{option} {output} cannot be written: its folder may not be written to", UNWRITABLE)
    except (OSError, ValueError, RuntimeError) as error:  # too long; a NUL; a circle of links
        raise RfonnxError(f"{option} {output} cannot be written: {reason(error)}", OTHER_NAME) from None
    return found


def reason(error: Exception) -> str:
    """What the system says, without the path, which is told already."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _keep_input(output: str, found: Path, given: Path, option: str) -> None:
    # By name too: neither may be there yet, where one is what another option writes.
    if found == given.resolve() or (given.exists() and found.exists() and found.samefile(given)):
        raise RfonnxError(f"{option} {output} is an input of this run", OTHER_NAME)
    if given.is_dir() and found.is_relative_to(given.resolve()):
        from rfonnx.data.samples import KNOWN

        if found.suffix.lower() in KNOWN:
            raise RfonnxError(f"{option} {output} is, or would be, one of the samples in {given}", OTHER_NAME)


def _keep_other(output: str, found: Path, option: str) -> None:
    """Refuse what is neither a report, nor empty, nor made to be written to (a pipe, /dev/null)."""
    if not found.exists():
        return
    state = found.stat()
    if stat.S_ISCHR(state.st_mode) or stat.S_ISFIFO(state.st_mode):
        return
    if not stat.S_ISREG(state.st_mode):
        raise RfonnxError(f"{option} {output} is no regular file", OTHER_NAME)
    if not (state.st_mode & 0o222 and os.access(found, os.W_OK)):
        raise RfonnxError(f"{option} {output} may not be written to", OTHER_NAME)
    if state.st_size and not _is_report(found, state.st_size):
        raise RfonnxError(
            f"{option} {output} exists and is no report of rfonnx, which alone are replaced",
            "remove it first, or give another name",
        )


def _is_report(path: Path, size: int) -> bool:
    from rfonnx.report.mark import HEAD, TAIL, is_report

    with path.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(max(0, size - TAIL))
        return is_report(head, stream.read(TAIL))

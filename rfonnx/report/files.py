"""Reports in files: replaced only when they are complete, and marked as ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rfonnx.errors import RfonnxError
from rfonnx.report.mark import SIGNED
from rfonnx.report.target import OTHER_NAME, reason
from rfonnx.system import scratch


def replace_file(
    pieces: Iterable[str] | Iterable[bytes], style: str, output: str, found: Path, option: str = "-o"
) -> None:
    """Write a report into a file, which is there as a whole, or as it was.

    Args:
        pieces: of the report.
        style: its format.
        output: the file as given.
        found: the file behind it, see `target`.
        option: that it was given with, for messages.

    Raises:
        RfonnxError: it cannot be written.
    """
    try:
        if found.exists() and not found.is_file():
            # /dev/null, a named pipe: written to, not replaced.
            with found.open("wb") as stream:
                stream.writelines(_encoded(pieces, style))
            return
        with scratch.replacing(found) as draft, draft.open("xb") as stream:
            stream.writelines(_encoded(pieces, style))
    except OSError as error:
        raise RfonnxError(f"{option} {output} cannot be written: {reason(error)}", OTHER_NAME) from error


def _encoded(pieces: Iterable[str] | Iterable[bytes], style: str) -> Iterator[bytes]:
    """UTF-8; what is no character (a byte of a file's name that is not UTF-8) is escaped."""
    for piece in pieces:
        yield piece if isinstance(piece, bytes) else piece.encode(errors="backslashreplace")
    yield SIGNED.get(style, "").encode()

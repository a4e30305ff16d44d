"""Where a command's payload goes: standard output, or a file that is replaced only when it is complete."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from rfonnx.errors import RfonnxError

UNWRITABLE = "choose a folder that exists and may be written to"


def write(pieces: Iterable[str], output: str | None, *models: str | None) -> None:
    """Write the pieces to the file `output`, or to standard output when it is None or "-"; the `models` are never overwritten.

    Raises:
        RfonnxError: the file cannot be written, or is one of the models.
    """
    if output in (None, "-"):
        _to_stdout(pieces)
    else:
        assert output is not None
        _to_file(pieces, output, *models)


def write_bytes(data: bytes, output: str | None, model: str | None = None) -> None:
    """As `write`, for formats that are no text.

    Raises:
        RfonnxError: as in `write`; or it would go to a terminal.
    """
    if output not in (None, "-"):
        assert output is not None
        _to_file((data,), output, model)
        return
    if sys.stdout.isatty():
        raise RfonnxError("this format is no text for a terminal", "give a file with -o")
    _to_stdout((data,))


def check_output(output: str | None, *models: str | None, binary: bool = False) -> None:
    """Refuse what cannot be written to, before the work is done and not after.

    Raises:
        RfonnxError: as in `write` and `write_bytes`, as far as it can be told beforehand.
    """
    if output in (None, "-"):
        if binary and sys.stdout.isatty():
            raise RfonnxError("this format is no text for a terminal", "give a file with -o")
        return
    assert output is not None
    target = _target(output, *models)
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK | os.X_OK):
        reason = "it may not be written to" if target.parent.is_dir() else "there is no such folder"
        raise RfonnxError(f"-o {output} cannot be written: {reason}", UNWRITABLE)


def terminal_style(style: str, output: str | None) -> str:
    """The format to write: "terminal" for text that goes to one, else `style`."""
    return "terminal" if style == "text" and output in (None, "-") and sys.stdout.isatty() else style


def _to_stdout(pieces: Iterable[str] | Iterable[bytes]) -> None:
    if hasattr(sys.stdout, "reconfigure"):
        # A name that the terminal's encoding lacks is escaped rather than fatal.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        for piece in pieces:
            if isinstance(piece, bytes):
                sys.stdout.buffer.write(piece)
            else:
                sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up()  # the reader (head, less) has seen enough
    except OSError as error:
        _give_up()
        raise RfonnxError(f"standard output cannot be written: {error.strerror}", "make room, or use -o") from error


def _give_up() -> None:
    """Send what Python still holds for standard output nowhere, or its exit would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _target(output: str, *models: str | None) -> Path:
    target = Path(output).resolve()
    if target.exists() and any(model and Path(model).exists() and target.samefile(model) for model in models):
        raise RfonnxError(f"-o {output} is the model itself", "give the report a file of its own")
    if target.is_dir():
        raise RfonnxError(f"-o {output} is a folder, expected a file", "add a file name to it")
    return target


def _to_file(pieces: Iterable[str] | Iterable[bytes], output: str, *models: str | None) -> None:
    target = _target(output, *models)
    try:
        if target.exists() and not target.is_file():
            # /dev/null, a named pipe: written to, not replaced.
            with target.open("wb") as stream:
                stream.writelines(map(_encoded, pieces))
            return
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with draft.open("xb") as stream:
                stream.writelines(map(_encoded, pieces))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise RfonnxError(f"-o {output} cannot be written: {error.strerror}", UNWRITABLE) from error


def _encoded(piece: str | bytes) -> bytes:
    return piece if isinstance(piece, bytes) else piece.encode()

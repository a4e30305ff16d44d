"""Where the payload goes: standard output, or a file that is replaced only when it is complete."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Generic

from rfonnx.cli import streams
from rfonnx.errors import RfonnxError
from rfonnx.report.escape import without_commands
from rfonnx.report.formats import BINARY, PICTURES, Subject, Told


class Output(Generic[Told]):
    """Where a report goes, and in which format.

    Attributes:
        subject: what it is about.
        file: as given with -o; None: standard output.
        style: the format; "terminal" is text for one.
        inputs: what the run reads, which is never overwritten.
    """

    def __init__(
        self,
        subject: Subject[Told],
        file: str | None,
        style: str,
        inputs: tuple[str | os.PathLike[str] | None, ...] = (),
    ) -> None:
        self.subject, self.file, self.style, self.inputs = subject, file, style, inputs

    def write(self, *told: Told.args, **more: Told.kwargs) -> None:
        """Write the report of what is told; a file is there as a whole, or as it was.

        Raises:
            RfonnxError: it cannot be written.
            QueryError: see `Subject.write`.
        """
        pieces = without_commands(self.subject.write(self.style, *told, **more), self.style)
        if self.file is None:
            _to_stdout(pieces)
            return
        from rfonnx.report.files import replace_file
        from rfonnx.report.target import target

        replace_file(pieces, self.style, self.file, target(self.file, self.inputs))


def open_output(
    subject: Subject[Told],
    file: str | None,
    asked: str | None,
    *inputs: str | os.PathLike[str] | None,
    option: str = "-o",
) -> Output[Told]:
    """Where a report goes: called before the work is done, so that what cannot be written is refused then.

    Args:
        subject: what it is about.
        file: as given with -o; None or "-": standard output.
        asked: given with --format; None: by the file's ending, else the first format of the subject.
        inputs: files and folders that the run reads; None: not given.
        option: that the file was given with, for messages.

    Raises:
        RfonnxError: see `target` and `format_of`; a format that is no text would go to a terminal; or what draws is not
            installed.
    """
    styles = subject.formats
    if asked is not None and asked not in styles:
        raise RfonnxError(f"--format {asked} is not written here", f"it may be {', '.join(styles)}")
    if file is None or file == "-":
        style = asked or styles[0]
        if sys.stdout.isatty():
            if style in BINARY:
                raise RfonnxError("this format is no text for a terminal", "give a file with -o")
            style = "terminal" if style == "text" else style
        return _ready(Output(subject, None, style))
    from rfonnx.report.endings import format_of
    from rfonnx.report.target import target

    found = target(file, inputs, option)
    special = found.exists() and not found.is_file()  # /dev/null has no ending to go by
    style = asked or styles[0] if special else format_of(file, asked, styles, option)
    return _ready(Output(subject, file, style, inputs))


def _ready(output: Output[Told]) -> Output[Told]:
    if output.style in PICTURES:
        from rfonnx.report.drawing import check_installed

        check_installed()
    return output


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
    except BrokenPipeError:
        streams.give_up()  # the reader (head, less) has seen enough
        return
    except OSError as error:
        streams.give_up()
        raise streams.unwritten(error) from None
    streams.flush()

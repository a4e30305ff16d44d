"""Which format a file's ending stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rfonnx.errors import RfonnxError
from rfonnx.report.formats import ENDINGS


def format_of(file: str, asked: str | None, styles: Sequence[str], option: str = "-o") -> str:
    """The format to write into a file.

    Args:
        file: as given with -o.
        asked: given with --format, or None.
        styles: those that the command writes.
        option: that the file was given with, for messages.

    Raises:
        RfonnxError: the ending stands for none of them, or for another than was asked for.
    """
    ending = PurePath(file).suffix.lower()
    if asked is not None and (ending not in ENDINGS or asked in ENDINGS[ending]):
        return asked
    if asked is not None:
        raise RfonnxError(
            f"{option} {file}: a file that ends in {ending} holds {' or '.join(ENDINGS[ending])}, and --format asks for {asked}",
            "leave --format out, or give the file another ending",
        )
    fitting = [style for style in ENDINGS.get(ending, ()) if style in styles] if ending else styles
    if fitting:
        return fitting[0]
    known = [known for known, held in ENDINGS.items() if set(held) & set(styles)]
    way_out = f"end it in {', '.join(known)}" + (", or say which with --format" if option == "-o" else "")
    raise RfonnxError(f"{option} {file}: no format that is written here ends in {ending}", way_out)

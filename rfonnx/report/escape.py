"""Text from a model, made safe to show: in a terminal, in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable


def printable(text: str) -> str:
    r"""The text with everything that is not a visible character written as a Python escape.

    Terminal escapes, line breaks, zero-width and bidirectional controls would let a name act on the terminal, or pose
    as another name.

    >>> printable("conv\x1b[31m\n")
    'conv\\x1b[31m\\n'
    """
    text = _ORDER.sub(r"\\x23\1", text) if "##" in text else text
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


_ORDER = re.compile(r"#(#\w*\[)")
"""What the logs of CI take for a command anywhere in a line: GitHub's and Azure's older `##[error]`, `##vso[...]`."""


_COMMAND = re.compile(r"\A(\s*)::(?=[a-zA-Z])")
"""A command of GitHub's has a name; a picture's line may well begin with colons."""


def log_line(text: str) -> str:
    r"""A whole line of a log, visible, and no command to GitHub, which takes one after blanks at its beginning.

    >>> log_line("  ::error file=a.py::of a stranger's")
    "  \\x3a:error file=a.py::of a stranger's"
    """
    return _COMMAND.sub(r"\1\\x3a:", printable(text))


def json_line(text: str) -> str:
    r"""JSON that means the same and is no command to a log: only strings can hold one.

    >>> json_line('{"name": "##[error]"}')
    '{"name": "\\u0023#[error]"}'
    """
    return _ORDER.sub(r"\\u0023\1", text) if "##" in text else text


def without_commands(pieces: Iterable[str] | Iterable[bytes], style: str) -> Iterable[str] | Iterable[bytes]:
    """The pieces of a report in a format as they leave the program: JSON holds no command to a log."""
    if style in ("json", "sarif"):
        return (json_line(piece) for piece in pieces if isinstance(piece, str))
    return pieces


_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  spreadsheets take the full-width ones too


def csv_text(text: str) -> str:
    """Text for a CSV cell: visible, and with an apostrophe in front of what a spreadsheet would run as a formula, or a log
    as a command.

    >>> csv_text("=HYPERLINK(1)"), csv_text("::error::"), csv_text("conv1")
    ("'=HYPERLINK(1)", "'::error::", 'conv1')
    """
    text = printable(text)
    return "'" + text if text.startswith(_FORMULA) or _COMMAND.match(text) else text

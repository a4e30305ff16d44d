"""Text from a model, made safe to show: in a terminal, in a spreadsheet, in Markdown."""

from __future__ import annotations

import re


def printable(text: str) -> str:
    r"""The text with everything that is not a visible character written as a Python escape.

    Terminal escapes, line breaks, zero-width and bidirectional controls would let a name act on the terminal, or pose
    as another name.

    >>> printable("conv\x1b[31m\n")
    'conv\\x1b[31m\\n'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  spreadsheets take the full-width ones too


def csv_text(text: str) -> str:
    """Text for a CSV cell: visible, and with an apostrophe in front of what a spreadsheet would run as a formula.

    >>> csv_text("=HYPERLINK(1)"), csv_text("conv1")
    ("'=HYPERLINK(1)", 'conv1')
    """
    text = printable(text)
    return "'" + text if text.startswith(_FORMULA) else text


_PLAIN = re.compile(r"[\w./:()\[\],;=+ -]*", re.ASCII)


def markdown_code(text: str) -> str:
    """Text as Markdown inline code, where it is neither markup, nor a link, nor a mention.

    Backticks and pipes cannot be escaped the same way in every dialect: text that holds anything but plain characters
    becomes a `<code>` element of character references.

    >>> markdown_code("conv1"), markdown_code("a|b")
    ('`conv1`', '<code>a&#124;b</code>')
    """
    text = printable(text)
    if text.strip() == text and text and _PLAIN.fullmatch(text):
        return f"`{text}`"
    return "<code>" + "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text) + "</code>"

"""Plain text: aligned columns and no colours, for pipes, files and logs. Nothing is cut to a width.

Written by hand because a rich table is slow: 175 rows of 9 columns took 68 ms to render and rich 28 ms to import,
where the whole of `rfonnx report` on a ResNet-50 may take 195 ms. A terminal gets the rich one (`terminal`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

from rfonnx.report.document import Document, Part, Table, unfolded
from rfonnx.report.escape import log_line, printable

COLUMN = 100
"""Widest column: one long name (a file may hold a megabyte of it) must not blow up every row."""


def render(document: Document) -> Iterator[str]:
    """The document as plain text."""
    document = unfolded(document)
    for line in document.head:
        yield plain(line) + "\n"
    yield from map(_part, document.parts)


def _part(part: Part) -> str:
    if isinstance(part, Table):
        return "\n" + "".join(f"{line}\n" for line in aligned(part)) + plain(part.caption) + "\n"
    return f"\n{part.heading}\n" + "".join(f"  {plain(line)}\n" for line in part.lines)


def plain(line: Sequence[str]) -> str:
    """A line without its parts, everything in it visible, and no command to what reads logs."""
    return log_line("".join(line))


def aligned(table: Table) -> Iterator[str]:
    """The table's lines, columns two spaces apart; a cell wider than `COLUMN` pushes the rest of its own row."""
    rows = [table.header, *(tuple(map(printable, row)) for row in table.rows)]
    widths = [min(COLUMN, max(map(width, column))) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows, -1):
        if index == table.gap:
            yield table.elision
        line = "  ".join(cell + " " * (room - width(cell)) for cell, room in zip(row, widths, strict=True))
        yield log_line(line.rstrip())


def width(text: str) -> int:
    """Terminal cells that the text takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)

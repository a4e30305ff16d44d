"""Text for a terminal: rich tables with colours, as wide as the window; long names are shortened in the middle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from rfonnx.report.document import Document, Line, Section, Table, unfolded
from rfonnx.report.fitting import GAP, fit, shorten
from rfonnx.report.text import plain

INDENT = 2
"""Blanks before the lines of a section, and before what a line goes on in."""


def render(document: Document, console: Console | None = None) -> Iterator[str]:
    """The document with the escapes of the terminal on standard output, or of `console`; rich honours NO_COLOR and TERM."""
    # No markup, emoji or highlighting: "[red]" and ":smile:" are names like any other.
    console = console or Console(markup=False, emoji=False, highlight=False)
    document = unfolded(document)
    yield _shown(
        console, [piece for i, line in enumerate(document.head) for piece in _wrapped(console, line, 0, i == 0)]
    )
    for part in document.parts:
        made = _table(part, console.width) if isinstance(part, Table) else _section(console, part)
        yield _shown(console, ["", *made])


def _shown(console: Console, pieces: Sequence[RenderableType]) -> str:
    with console.capture() as text:
        for piece in pieces:
            console.print(piece)
    return text.get()


def _section(console: Console, section: Section) -> Iterator[RenderableType]:
    yield Text(section.heading, style="bold yellow" if section.alarm else "bold")
    for line in section.lines:
        if section.picture:
            yield Text(" " * INDENT + plain(line), no_wrap=True)
        else:
            yield from _wrapped(console, line, INDENT)


def _wrapped(console: Console, line: Line, indent: int, bold: bool = False) -> Iterator[RenderableType]:
    """A line in as many as it takes, broken between words."""
    room = console.width - indent - INDENT
    text = Text(shorten("".join(line), room), style="bold" if bold else "")
    for turn, piece in enumerate(text.wrap(console, room)):
        yield Padding(piece, (0, 0, 0, indent + INDENT if turn else indent), expand=False)


def _table(table: Table, room: int) -> Iterator[RenderableType]:
    table, widths = fit(table, room)
    gap = len(table.rows) if table.gap is None else table.gap
    yield _rows(table, widths, range(gap), heading=True)
    if table.gap is not None:
        yield Text(table.elision, style="dim")
        yield _rows(table, widths, range(gap, len(table.rows)), heading=False)
    yield Text(plain(table.caption), style="dim")


def _rows(table: Table, widths: Sequence[int], rows: range, heading: bool) -> RichTable:
    made = RichTable(box=None, header_style="bold", padding=0, show_header=heading)
    right = [*[(0, GAP, 0, 0)] * (len(widths) - 1), (0, 0, 0, 0)]  # by hand: rich 13 pads the last column, too
    for name, wide, pad in zip(table.header, widths, right, strict=True):
        made.add_column(Padding(name, pad), width=wide + pad[1])
    for index in rows:
        style = "yellow" if index in table.alarm else ""
        cells = zip(table.rows[index], right, strict=True)
        made.add_row(*(Padding(Text(cell, style=style), pad) for cell, pad in cells))
    return made

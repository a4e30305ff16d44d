"""Text for a terminal: a rich table with colours, as wide as the window; long cells are folded, never cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from rfonnx.report.document import document
from rfonnx.report.source import Source
from rfonnx.report.text_report import plain
from rfonnx.report.view import View

if TYPE_CHECKING:
    from rfonnx.report.table import Table


def report(source: Source, view: View) -> Iterator[str]:
    """The report with the escapes of the terminal on standard output; rich honours NO_COLOR and TERM."""
    # No markup, emoji or highlighting: "[red]" and ":smile:" are names like any other.
    yield from render(Console(markup=False, emoji=False, highlight=False), source, view)


def render(console: Console, source: Source, view: View) -> Iterator[str]:
    """The report as `console` shows it."""
    made = document(source, view)
    with console.capture() as head:
        for index, line in enumerate(made.head):
            console.print(Text(plain(line), style="" if index else "bold"))
        console.print(_table(made.table))
        console.print(Text(made.table.caption, style="dim"))
    yield head.get()
    for section in made.sections:
        with console.capture() as text:
            console.print()
            console.print(Text(section.heading, style="bold yellow" if section.alarm else "bold"))
            for line in section.lines:
                console.print(Text("  " + plain(line), overflow="fold"))
        yield text.get()


def _table(table: Table) -> RichTable:
    made = RichTable(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in table.header:
        made.add_column(heading, overflow="fold")
    for index, row in enumerate(table.rows):
        if table.left_out and index == table.gap:
            made.add_row(Text(table.elision, style="dim"))
        style = "yellow" if "at most" in row[-6] or "misaligned" in row[-1] else ""
        made.add_row(*(Text(plain((cell,)), style=style) for cell in row))
    return made

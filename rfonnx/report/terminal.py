"""Text for a terminal: rich tables with colours, as wide as the window; long cells are folded, never cut."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from rfonnx.report.document import Document, Table, closed_head
from rfonnx.report.text import plain


def render(document: Document, console: Console | None = None) -> Iterator[str]:
    """The document with the escapes of the terminal on standard output, or of `console`; rich honours NO_COLOR and TERM."""
    # No markup, emoji or highlighting: "[red]" and ":smile:" are names like any other.
    console = console or Console(markup=False, emoji=False, highlight=False)
    with console.capture() as head:
        for index, line in enumerate(closed_head(document)):
            console.print(Text(plain(line), style="" if index else "bold"))
    yield head.get()
    for table in document.tables:
        with console.capture() as text:
            console.print()
            console.print(_table(table))
            console.print(Text(plain(table.caption), style="dim"))
        yield text.get()
    for section in document.sections:
        with console.capture() as text:
            console.print()
            console.print(Text(section.heading, style="bold yellow" if section.alarm else "bold"))
            for line in section.lines:
                console.print(Text("  " + plain(line), overflow="fold", no_wrap=section.picture))
        yield text.get()


def _table(table: Table) -> RichTable:
    made = RichTable(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in table.header:
        made.add_column(heading, overflow="fold")
    for index, row in enumerate(table.rows):
        if index == table.gap:
            made.add_row(Text(table.elision, style="dim"))
        style = "yellow" if index in table.alarm else ""
        made.add_row(*(Text(plain((cell,)), style=style) for cell in row))
    return made

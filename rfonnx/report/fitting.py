"""Tables that fit the width of a window: columns are left out by rank, long words are shortened in the middle, none is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.document import Name, Table
from rfonnx.report.text import plain, width

GAP = 2
"""Blanks between columns."""

LEAST, LONGEST = 12, 24
"""Terminal cells to which names may be shortened, and words of ours: a longer one is a name in a sentence."""

DOTS = "…"


def fit(table: Table, room: int) -> tuple[Table, tuple[int, ...]]:
    """The table in so many terminal cells, and the width of each column.

    It is wider only when nothing more can be left out or shortened. Everything in its cells is visible. The caption says
    what was left out.
    """
    columns = [[heading, *cells] for heading, *cells in zip(table.header, *table.rows, strict=True)]
    least = [max(map(_least, column)) for column in columns]
    shown, spare = list(range(len(columns))), [table.header.index(heading) for heading in table.spare]
    while spare and sum(least[i] + GAP for i in shown) - GAP > room:
        shown.remove(spare.pop(0))
    wanted = [max(width(plain((cell,))) for cell in columns[i]) for i in shown]
    widths = _shared(wanted, [least[i] for i in shown], room - GAP * (len(shown) - 1))
    rows = tuple(tuple(shorten(row[i], wide) for i, wide in zip(shown, widths, strict=True)) for row in table.rows)
    caption = table.caption
    if gone := [heading for i, heading in enumerate(table.header) if i not in shown]:
        caption = (*caption, f"; a wider window shows {', '.join(gone)}, too")
    return table._replace(header=tuple(table.header[i] for i in shown), rows=rows, caption=caption), tuple(widths)


def shorten(text: str, room: int) -> str:
    """Text in which words that are longer than the room are shortened in the middle; everything in it is visible."""
    return " ".join(middle(word, room) for word in plain((text,)).split(" "))


def middle(word: str, room: int) -> str:
    """A word in so many terminal cells, its middle left out.

    >>> middle("/backbone/layer4/conv2/Conv", 15)
    '/backbo…v2/Conv'
    """
    if width(word) <= room:
        return word
    head = "".join(_first(word, (room - 1) // 2))
    return head + DOTS + "".join(_first(word[::-1], room - 1 - width(head)))[::-1]


def _first(text: str, room: int) -> Iterator[str]:
    """The characters at the beginning that fit."""
    for character in text:
        room -= width(character)
        if room < 0:
            return
        yield character


def _least(cell: str) -> int:
    """Terminal cells that a cell needs at least: its longest word, shortened where that may be."""
    return min(max(map(width, plain((cell,)).split(" "))), LEAST if isinstance(cell, Name) else LONGEST)


def _shared(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """The widths of columns: each gets what it wants, or an equal share of what those that want less leave."""
    widths, left = list(least), room - sum(least)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i] - least[i])
    for before, i in enumerate(order):
        more = max(0, min(wanted[i] - least[i], left // (len(order) - before)))
        widths[i] += more
        left -= more
    return widths

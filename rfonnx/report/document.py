"""A report for people before it has a format: marked names, lines, tables, sections, and numbers as people read them.

Names in a model are a stranger's text: they may hold terminal escapes, markup or line breaks. `Name` marks them, and
each format escapes what is marked; a plain `str` is ours and goes out as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TypeVar

from rfonnx.results.fields import AxisField
from rfonnx.system.named import NamedTuple


class Name(str):
    """Text from the model or its file name, to be escaped by each format. Never joined into a plain `str`."""

    __slots__ = ()


Line = tuple[str, ...]
"""A line in parts, each a `Name` or a string of ours."""


class Table(NamedTuple):
    """Header and rows of cells, each a `Name` or a string of ours.

    Attributes:
        caption: the line under the table.
        gap: row before which `elision`, a line in place of the rows that were left out, belongs; None when all are there.
        alarm: rows, by number, that tell of something that may be wrong.
        spare: headings of columns that a narrow window leaves out, the first ones first.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: Line
    gap: int | None = None
    elision: str = ""
    alarm: frozenset[int] = frozenset()
    spare: tuple[str, ...] = ()


class Section(NamedTuple):
    """A heading and its lines.

    Attributes:
        alarm: it tells of something that may be wrong.
        picture: the lines are drawn in characters, to be shown as they are.
    """

    heading: str
    lines: tuple[Line, ...]
    alarm: bool = False
    picture: bool = False


Part = Table | Section


class Fold(NamedTuple):
    """Parts that a reader opens.

    Attributes:
        closed: the line in the head of formats that cannot fold, which leave the rest out; "": they show all of it.
    """

    heading: str
    parts: tuple[Part, ...]
    closed: str = ""


class Document(NamedTuple):
    """A report for people before it has a format: head lines, tables and sections in order, and what is folded behind them."""

    head: tuple[Line, ...]
    parts: tuple[Part, ...]
    folds: tuple[Fold, ...] = ()


def unfolded(document: Document) -> Document:
    """The same where nothing can be folded: parts in the place of folds, or a line in the head for what is left out."""
    closed = tuple((fold.closed,) for fold in document.folds if fold.closed)
    shown = (part for fold in document.folds if not fold.closed for part in fold.parts)
    return Document((*document.head, *closed), (*document.parts, *shown))


Row = TypeVar("Row")

ROWS = 200
"""Longest table that is printed whole when nobody asked for all of it."""


def shortened(rows: list[Row]) -> tuple[list[Row], int | None, str]:
    """At most `ROWS` rows, the first and the last ones: rows, gap and elision of a `Table`."""
    if len(rows) <= ROWS:
        return rows, None, ""
    half = ROWS // 2
    return [*rows[:half], *rows[-half:]], half, f"... {len(rows) - ROWS} rows left out here; --all shows every row ..."


def number(value: Fraction | int) -> str:
    """Whole, else decimal where three digits after the point are exact, else "a/b".

    >>> number(Fraction(3, 2)), number(Fraction(1, 3))
    ('1.5', '1/3')
    """
    if value.denominator == 1:
        return str(value.numerator)
    if 1000 % value.denominator == 0:
        return f"{float(value):.3f}".rstrip("0")
    return f"{value.numerator}/{value.denominator}"


def size(field: AxisField) -> str:
    """The size, as a range where it differs between positions; "0" where nothing is read."""
    return str(field.size) if field.size == field.size_min else f"{field.size_min}..{field.size}"


def shared(words: Sequence[str], joint: str = "x") -> str:
    """One word when all axes agree, else one per axis."""
    return words[0] if len(set(words)) == 1 else joint.join(words)


def listed(lines: Iterable[Line], limit: int) -> tuple[Line, ...]:
    """At most `limit` lines, and one that says how many more there are."""
    every = tuple(lines)
    rest = len(every) - limit
    return every if rest <= 0 else (*every[:limit], (f"... and {rest} more",))


def configuration(file: str) -> Line:
    """The line that names the configuration file that was read; "" when there was none."""
    return ("configuration: ", Name(file)) if file else ("configuration: none",)

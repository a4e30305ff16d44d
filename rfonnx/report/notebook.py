"""Renders a document as a piece of HTML for a notebook, which brings its own styles."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.chart.markup import short, tag, whole, words
from rfonnx.report.document import Document, Line, Name, Part, Table

PREFORMATTED = "line-height:1.1"


def render(document: Document) -> Iterator[str]:
    """The document in its order; what is folded is folded. Nothing in it is run or loaded."""
    first, *more = document.head
    yield "<div>"
    yield tag("p", tag("strong", _line(first)), *(f"<br>{_line(line)}" for line in more))
    for part in document.parts:
        yield _part(part)
    for fold in document.folds:
        yield tag("details", tag("summary", words(fold.heading)), *map(_part, fold.parts))
    yield "</div>\n"


def _part(part: Part) -> str:
    if isinstance(part, Table):
        return _table(part)
    heading = tag("p", tag("strong", words(part.heading)))
    if part.picture:
        return heading + tag("pre", "\n".join(words(*line) for line in part.lines), style=PREFORMATTED)
    return heading + tag("ul", *(tag("li", _line(line)) for line in part.lines))


def _table(table: Table) -> str:
    rows = [tag("tr", *(tag("td", _line((cell,))) for cell in row)) for row in table.rows]
    if table.gap is not None:
        rows.insert(table.gap, tag("tr", tag("td", words(table.elision), colspan=len(table.header))))
    head = tag("thead", tag("tr", *(tag("th", _line((cell,)), scope="col") for cell in table.header)))
    return tag("table", head, tag("tbody", *rows)) + tag("p", tag("small", _line(table.caption)))


def _line(line: Line) -> str:
    return "".join(_name(part) if isinstance(part, Name) else words(part) for part in line)


def _name(name: str) -> str:
    """A name as code; a sentence that holds names as it is."""
    shown, all_of_it = short(name), whole(name)
    return tag("span" if " " in name else "code", words(shown), title=None if shown == all_of_it else all_of_it)

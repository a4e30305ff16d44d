"""GitHub-flavoured Markdown, for pull requests and wikis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rfonnx.report.document import Document, Name, Part, Section, Table
from rfonnx.report.escape import printable
from rfonnx.report.text import plain

_PLAIN = re.compile(r"[\w./:()\[\],;=+ -]*", re.ASCII)
_MARKUP = re.compile(r"(?<=www)\.|^ | $|(?<= ) |[^\w '\",.()=%+/-]|_", re.IGNORECASE)
"""What Markdown may take for markup inside an element: links begin with "www." or hold a colon; of blanks, one is shown."""


def markdown_code(text: str) -> str:
    """Text as Markdown inline code, where it is neither markup, nor a link, nor a mention.

    Backticks and pipes cannot be escaped the same way in every dialect: text that holds anything but plain characters
    becomes a `<code>` element in which what may be markup is a character reference.

    >>> markdown_code("conv1"), markdown_code("a | b")
    ('`conv1`', '<code>a &#124; b</code>')
    """
    text = printable(text)
    if text.strip() == text and text and _PLAIN.fullmatch(text):
        return f"`{text}`"
    return "<code>" + _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text) + "</code>"


def render(document: Document) -> Iterator[str]:
    """The document as Markdown, one heading for it and one for each section; folds as `<details>`, which GitHub opens."""
    yield f"# {_inline(document.head[0])}\n\n" + "".join(f"- {_inline(line)}\n" for line in document.head[1:])
    yield from map(_part, document.parts)
    for fold in document.folds:
        yield f"\n<details><summary>{_inline((fold.heading,))}</summary>\n"
        yield from map(_part, fold.parts)
        yield "\n</details>\n"


def _part(part: Part) -> str:
    return "".join(_table(part)) if isinstance(part, Table) else _section(part)


def _table(table: Table) -> Iterator[str]:
    yield "\n" + _row(table.header) + _row(("---",) * len(table.header))
    for index, row in enumerate(table.rows):
        if index == table.gap:
            yield _row((table.elision,) + ("",) * (len(table.header) - 1))
        yield _row(row)
    yield f"\n{_inline(table.caption)}\n"


def _section(section: Section) -> str:
    if section.picture:
        lines = "```text\n" + "".join(f"{plain(line)}\n" for line in section.lines) + "```\n"
    else:
        lines = "".join(f"- {_inline(line)}\n" for line in section.lines)
    return f"\n## {section.heading}\n\n{lines}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_inline((cell,)) for cell in cells) + " |\n"


def _inline(line: Sequence[str]) -> str:
    """Names as code; "<" is the only character of our own words that Markdown would take for markup."""
    return "".join(markdown_code(part) if isinstance(part, Name) else part.replace("<", "&lt;") for part in line)

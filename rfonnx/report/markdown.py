"""GitHub-flavoured Markdown, for pull requests and wikis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.document import Document, Name, Part, Section, Table
from rfonnx.report.escape import markdown_code
from rfonnx.report.text import plain


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

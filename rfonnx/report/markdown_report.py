"""GitHub-flavoured Markdown, for pull requests and wikis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.document import document
from rfonnx.report.escape import markdown_code
from rfonnx.report.source import Source
from rfonnx.report.text import Name
from rfonnx.report.view import View


def report(source: Source, view: View) -> Iterator[str]:
    """The report as Markdown, one heading for the model and one for each section."""
    made = document(source, view)
    yield f"# {_inline(made.head[0])}\n\n" + "".join(f"- {_inline(line)}\n" for line in made.head[1:])
    table = made.table
    yield "\n" + _row(table.header) + _row(("---",) * len(table.header))
    for index, row in enumerate(table.rows):
        if table.left_out and index == table.gap:
            yield _row((table.elision,) + ("",) * (len(table.header) - 1))
        yield _row(row)
    yield f"\n{table.caption}\n"
    for section in made.sections:
        yield f"\n## {section.heading}\n\n" + "".join(f"- {_inline(line)}\n" for line in section.lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_inline((cell,)) for cell in cells) + " |\n"


def _inline(line: Sequence[str]) -> str:
    """Names as code; "<" is the only character of our own words that Markdown would take for markup."""
    return "".join(markdown_code(part) if isinstance(part, Name) else part.replace("<", "&lt;") for part in line)

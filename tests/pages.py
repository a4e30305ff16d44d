"""What the pages tell readers to type, and what they show below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "models").rglob("*.md")),
]

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$(?:\n\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
"""A block with its language, and the block of text behind it, if there is one."""

NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Typed:
    """A line to type, `rfonnx report x.onnx`, on a page, and what the page shows below it ("": nothing)."""

    page: Path
    line: str
    shown: str


def typed(page: Path) -> Iterator[Typed]:
    """The lines of all blocks of a page that are for a console. Output is that of the last line of its block."""
    for _, language, body, shown in BLOCK.findall(page.read_text()):
        if language == "console":
            lines = [line for line in body.replace("\\\n", " ").splitlines() if line.strip()]
            for number, line in enumerate(lines):
                yield Typed(page, re.sub(r" +# .*", "", line).strip(), shown if number == len(lines) - 1 else "")


def holds(shown: str, printed: str) -> None:
    """Lines that are shown were printed, in this order; others may stand where a page has dots.

    Numbers with a point were measured, or follow from what was: another processor may round them otherwise.
    """
    lines, place = [line.rstrip() for line in printed.splitlines()], 0
    for number, part in enumerate(re.split(r"^ *\.\.\.\n", shown, flags=re.MULTILINE)):
        wanted = [line.rstrip() for line in part.splitlines()]
        starts = range(place, len(lines) - len(wanted) + 1) if number else range(1)
        begins = next((i for i in starts if all(map(alike, wanted, lines[i:]))), None)
        assert begins is not None, f"not printed:\n{part}\nbut:\n{printed}"
        place = begins + len(wanted)


def alike(one: str, other: str) -> bool:
    """Whether two lines have the same words and, within 2%, the same numbers; whole ones exactly."""
    if [NUMBER.sub("#", word) for word in one.split()] != [NUMBER.sub("#", word) for word in other.split()]:
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(a == b or ("." in a + b and float(a) == pytest.approx(float(b), rel=0.02)) for a, b in pairs)

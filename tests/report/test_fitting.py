"""Reports in a window: no word is broken, no line is too long, and what was left out is said."""

from __future__ import annotations

import re
from pathlib import Path

import onnx.backend.test
import pytest
from rich.console import Console

import rfonnx
from rfonnx.report.document import Document, Name, Table
from rfonnx.report.explanation.chains import Question, explanation
from rfonnx.report.explanation.people import explain_document
from rfonnx.report.fields.people import overview
from rfonnx.report.fields.view import View
from rfonnx.report.fitting import DOTS, fit, middle
from rfonnx.report.terminal import render
from rfonnx.report.text import plain, width
from rfonnx.report.text import render as render_text

LIGHT = Path(onnx.backend.test.__file__).parent / "data" / "light"
MODELS = [*sorted((Path(__file__).parents[2] / "models").glob("*.onnx")), *sorted(LIGHT.glob("*.onnx"))]


def shown(document: Document, columns: int) -> str:
    console = Console(width=columns, force_terminal=True, color_system=None, markup=False, emoji=False, highlight=False)
    return "".join(render(document, console))


def is_whole(word: str, words: set[str]) -> bool:
    """A word as it was told, or one that says where its middle was left out."""
    head, dots, tail = word.partition(DOTS)
    return word in words or (bool(dots) and any(one.startswith(head) and one.endswith(tail) for one in words))


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_no_word_is_broken_and_no_line_too_long(path: Path, columns: int) -> None:
    analysis = rfonnx.analyze(path)
    output = next(name for name in analysis.outputs if name in analysis.tensors)
    for document in (
        overview(analysis, View(every=True)),
        explain_document(explanation(analysis, output, Question()), every=True),
    ):
        text = shown(document, columns)
        assert max(map(width, text.splitlines())) <= columns
        words = set("".join(render_text(document)).split())
        left_out = re.compile(r"; a wider window shows [a-z, ]+, too\n")
        broken = [word for word in left_out.sub("\n", text).split() if not is_whole(word, words)]
        assert not broken


def test_columns_are_left_out_by_rank_and_the_caption_says_so() -> None:
    table = Table(
        ("name", "size", "stride"), ((Name("a" * 30), "123456x123456", "2"),), ("1 tensor",), spare=("stride", "size")
    )
    assert fit(table, 60) == (table, (30, 13, 6))
    narrow, widths = fit(table, 30)
    assert narrow.header == ("name", "size")
    assert widths == (15, 13)
    assert narrow.rows == (("aaaaaaa…aaaaaaa", "123456x123456"),)
    assert plain(narrow.caption) == "1 tensor; a wider window shows stride, too"


@pytest.mark.parametrize("word", ["short", "/backbone/layer4/conv2/Conv", "日本語の名前はここにあります", "é" * 40])
def test_the_middle_is_left_out(word: str) -> None:
    made = middle(word, 15)
    assert width(made) <= 15
    assert made == word or re.fullmatch(f".+{DOTS}.+", made)

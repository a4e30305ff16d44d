"""Names from strangers, held against the parsers that would fall for them."""

from __future__ import annotations

import csv
import html
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fake_analysis import HOSTILE, FakeModel, axis_field, fake, square
from rfonnx.report.escape import csv_text, json_line, log_line, printable
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS
from rfonnx.report.markdown import markdown_code
from rfonnx.report.text import width

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("layer1/conv_2.weight", "layer1/conv_2.weight"),
        ("größe 層", "größe 層"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202eevil\u200b", "\\u202eevil\\u200b"),
        ("\x9b31m", "\\x9b31m"),
        ("\u2028", "\\u2028"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


ORDERS = [
    "::error file=a.py,line=1::stopped",
    "  ::stop-commands::x",
    "\t::add-mask::secret",
    "##[error]x",
    "a ##vso[task.setvariable]b",
]


def is_order(line: str) -> bool:
    """Whether GitHub's runner or Azure's agent takes a line for a command (ActionCommand.cs, Command.cs)."""
    return re.match(r"\s*::[a-zA-Z]", line) is not None or re.search(r"##\w*\[", line) is not None


@pytest.mark.parametrize("style", ["text", "csv", "markdown", "json"])
@pytest.mark.parametrize("name", ORDERS)
def test_no_line_of_a_report_is_a_command_to_ci(name: str, style: str) -> None:
    one = axis_field(3, padding=1)
    told = fake(
        [square(name, "Conv", (1, 8, 32, 32), one, node=name, exact=False, notes=(name,))],
        warnings=(name,),
        model=FakeModel(name=name, producer=name, opsets={name: 1}),
    )
    text = "".join(FIELDS.write(style, told, View(every=True)))
    lines = (json_line(text) if style == "json" else text).splitlines()
    assert not [line for line in lines if is_order(line)]
    assert is_order(name)
    if style == "json":
        assert json.loads("".join(lines))["tensors"][0]["name"] == name


def test_the_colons_of_a_picture_stay() -> None:
    assert log_line("  ::::====") == "  ::::===="


@given(NAMES)
def test_printable_is_visible_and_on_one_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "=cmd|'/C calc'!A0"])
def test_formulas_are_disarmed(text: str) -> None:
    assert csv_text(text) == "'" + text


@given(NAMES, NAMES)
def test_csv_cells_stay_cells(name: str, op: str) -> None:
    analysis = fake([square(name, op, (1, 8, 32, 32), axis_field(3, padding=1), node=name)])
    text = "".join(FIELDS.write("csv", analysis, View()))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 5
    assert {len(row) for row in rows} == {len(rows[0])}
    for row in rows[1:]:
        assert row[0].removeprefix("'") == printable(name)
        # only numbers may begin with a sign
        assert all(re.fullmatch(r"-?[0-9.]+(/[0-9]+)?", cell) or cell[:1] not in "=+-@" for cell in row if cell)


@given(NAMES)
def test_markdown_shows_the_name_and_nothing_else(name: str) -> None:
    """A CommonMark parser with tables reads back exactly the name, as code, in its own cell."""
    parser = MarkdownIt("commonmark").enable("table")
    rendered = parser.render(f"| a | b |\n| --- | --- |\n| {markdown_code(name)} | end |\n")
    cells = re.findall(r"<td>(.*?)</td>", rendered, re.DOTALL)
    assert len(cells) == 2, rendered
    assert cells[1] == "end"
    code = re.fullmatch(r"<code>(.*)</code>", cells[0], re.DOTALL)
    assert code, rendered
    assert html.unescape(code[1]) == printable(name)


@pytest.mark.parametrize("text", ["a | b", "not 'x' but (1, 2), 0.5% of it", "a" * 9 + "<b> c"])
def test_markdown_stays_legible(text: str) -> None:
    assert "&#32;" not in markdown_code(text)
    assert "&#39;" not in markdown_code(text)


@pytest.mark.parametrize(
    "text", ["www.example.com |", "http://a.b |", "a@b.c", "*a* _b_ |", "[a](b) |", "~~a~~", "$x$", "#12", ":tada: |"]
)
def test_markdown_makes_no_links_and_no_markup(text: str) -> None:
    shown = html.unescape(markdown_code(text).removeprefix("<code>").removesuffix("</code>"))
    assert shown == text
    left = re.sub(r"&#[0-9]+;", "", markdown_code(text)[6:-7])
    assert not re.search(r"www\.|[:@*_\[\]~$#]", left)


@pytest.mark.parametrize("style", ["text", "markdown", "csv", "json"])
def test_no_format_lets_controls_through(style: str) -> None:
    analysis = fake(
        [square(HOSTILE, HOSTILE, (1, 8, 32, 32), axis_field(3), exact=False, notes=(HOSTILE,))], warnings=(HOSTILE,)
    )
    text = "".join(FIELDS.write(style, analysis, View()))
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(("text", "cells"), [("conv", 4), ("層", 2), ("e\u0301", 1), ("\uff46", 2)])
def test_width(text: str, cells: int) -> None:
    assert width(text) == cells


def test_a_huge_name_does_not_widen_other_rows() -> None:
    tensors = [
        square("n" * 100_000, "Conv", (1,), axis_field(3)),
        *(square(f"c{i}", "Conv", (1,), axis_field(5 + i)) for i in range(100)),
    ]
    assert len("".join(FIELDS.write("text", fake(tensors), View(tensors=("c1", "n" * 100_000))))) < 200_000
    text = "".join(FIELDS.write("text", fake(tensors), View()))
    assert max(len(line) for line in text.splitlines() if line.startswith("c")) < 200

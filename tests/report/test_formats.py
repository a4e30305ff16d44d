"""The table of reports: every writer in it is there, and every format can be asked for by the ending of a file."""

from __future__ import annotations

import pytest

from rfonnx.cli.endings import format_of
from rfonnx.report.formats import BINARY, ENDINGS, RENDERERS, SUBJECTS

PAIRS = [(subject, style) for subject, told in SUBJECTS.items() for style in told.formats]


@pytest.mark.parametrize(("subject", "style"), PAIRS)
def test_every_writer_is_there(subject: str, style: str) -> None:
    assert callable(SUBJECTS[subject]._writer(style))


@pytest.mark.parametrize(("subject", "style"), PAIRS)
def test_every_format_has_an_ending(subject: str, style: str) -> None:
    ending = next(ending for ending, held in ENDINGS.items() if ending and style in held)
    assert format_of(f"report{ending}", style, SUBJECTS[subject].formats) == style


def test_every_report_for_people_can_be_text_and_markdown() -> None:
    assert all(told.formats[:2] == ("text", "markdown") for told in SUBJECTS.values())
    assert not set(RENDERERS) & set(BINARY)

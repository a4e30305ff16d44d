"""The table of reports: every writer in it is there, and every format can be asked for by the ending of a file."""

from __future__ import annotations

import inspect

import pytest

from rfonnx.report import formats
from rfonnx.report.endings import format_of
from rfonnx.report.formats import BINARY, ENDINGS, RENDERERS, Subject

SUBJECTS = {name: one for name, one in vars(formats).items() if isinstance(one, Subject)}

PAIRS = [(subject, style) for subject, told in SUBJECTS.items() for style in told.formats]


@pytest.mark.parametrize(("subject", "style"), PAIRS)
def test_every_writer_is_there(subject: str, style: str) -> None:
    assert callable(SUBJECTS[subject]._writer(style))


@pytest.mark.parametrize(("subject", "style"), PAIRS)
def test_every_format_has_an_ending(subject: str, style: str) -> None:
    ending = next(ending for ending, held in ENDINGS.items() if ending and style in held)
    assert format_of(f"report{ending}", style, SUBJECTS[subject].formats) == style


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_writers_of_a_subject_take_the_same(subject: str) -> None:
    """mypy holds the callers to `Subject[[...]]`; what is imported late is held to it here."""
    told = SUBJECTS[subject]
    taken = {style: list(inspect.signature(told._writer(style)).parameters) for style in told.formats}
    assert all(names == taken[told.formats[0]] for names in taken.values()), taken


def test_every_report_for_people_can_be_text_and_markdown() -> None:
    overlays = {formats.NETRON, formats.MODEL_EXPLORER, formats.EXPLORER_SIGMA, formats.EXPLORER_SQNR, formats.COPY}
    for_programs = {formats.GROWTH, *overlays}
    assert all(told in for_programs or told.formats[:2] == ("text", "markdown") for told in SUBJECTS.values())
    assert not set(RENDERERS) & set(BINARY)

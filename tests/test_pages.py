"""Every command on the pages runs, and prints what its page shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from pages import PAGES, ROOT, holds, typed
from rfonnx.cli.commands import cli

ELSEWHERE = {
    r"python3 -m venv .*": "`.ci/run` takes the README's line for tests, and installs by it; what it shows, test_readme.py runs",
    r"(\.venv/bin/|RFONNX_\w+=\w+ \.venv/bin/|\.ci/).*": "contributors' own tools: what they run is what `.ci/run` runs",
    r"(eval .*)?_RFONNX_COMPLETE=.*": "shells: tests/cli/test_completion.py runs them",
}
"""Lines that this file does not run, and why."""

OF_ITS_OWN = ["tutorial.md"]  # a trained model from a package: tests/test_tutorial.py

LINES = [one for page in PAGES if page.name not in OF_ITS_OWN for one in typed(page)]
COMMANDS = [one for one in LINES if not any(re.fullmatch(line, one.line) for line in ELSEWHERE)]


@pytest.fixture
def folder(page: Path, tmp_path: Path) -> Path:
    """In it the commands of a page run one after the other, with the models, and data that readers have."""
    (tmp_path / "models").symlink_to(ROOT / "models")
    shutil.copy(ROOT / "models" / "unet.onnx", tmp_path / "model.onnx")
    np.save(tmp_path / "photo.npy", np.random.default_rng(0).random((1, 3, 64, 40), np.float32))
    np.save(tmp_path / "image.npy", np.random.default_rng(0).random((1, 1, 1040, 1024), np.float32))
    return tmp_path


@pytest.mark.parametrize("page", dict.fromkeys(one.page for one in COMMANDS), ids=lambda page: page.stem)
def test_commands_print_what_their_page_shows(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's commands in one test: later ones read what earlier ones wrote. 1: a check failed, or models differ, and that is
    what the page is about."""
    monkeypatch.chdir(folder)
    for one in COMMANDS:
        if one.page == page:
            program, *words = shlex.split(one.line)
            assert program == "rfonnx"
            printed = CliRunner().invoke(cli, words)
            assert isinstance(printed.exception, SystemExit | None), f"{one.line}: {printed.exception}"
            assert printed.exit_code in (0, 1), f"{one.line}: {printed.output}"
            assert printed.exit_code == 0 or one.shown or words[0] == "compare", one.line
            holds(one.shown, printed.output)


def test_commands_stand_where_this_file_finds_them() -> None:
    """In blocks for a console, and not in indented ones; there is more than a handful."""
    for page in PAGES:
        assert not re.findall(r"^ {2,}\$? ?rfonnx (?!\w+ [A-Z\[])[^\n]+$", page.read_text(), re.MULTILINE), page
    assert len(COMMANDS) > 10
    assert all(any(re.fullmatch(line, one.line) for one in LINES) for line in ELSEWHERE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_within_sentences_exist_and_have_their_options(page: Path) -> None:
    for words in re.findall(r"`rfonnx ([^`]+)`", page.read_text()):
        command, context = cli, click.Context(cli)
        for word in words.split():
            if isinstance(command, click.Group) and (found := command.get_command(context, word)):
                command = found
            elif word.startswith("--") and word != "--help":
                options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
                assert word.partition("=")[0] in options, f"{page.name}: rfonnx {words}"
        assert command is not cli or words.split()[0] in ("COMMAND", "--help", "--version"), (
            f"{page.name}: rfonnx {words}"
        )

"""What the pages show is what the commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rfonnx.cli.commands import cli

ROOT = Path(__file__).parents[1]

SHOWN = re.compile(r"```console\nrfonnx ([^\n]*)\n```\n\n```text\n(.*?)```", re.DOTALL)
"""A command, and what it prints, as a page shows them."""

ROUNDED = re.compile(r"[\d.]+ (?=of the largest value)")
"""What another processor may round otherwise."""

EXAMPLES = [
    pytest.param(*found, id=f"{page.stem}: {found[0]}")
    for page in sorted((ROOT / "docs").glob("*.md"))
    for found in SHOWN.findall(page.read_text())
]


@pytest.mark.parametrize(("command", "text"), EXAMPLES)
def test_a_command_prints_what_its_page_shows(command: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines in their order; others may stand between, where the page has dots."""
    monkeypatch.chdir(ROOT)
    printed = CliRunner().invoke(cli, command.split())
    assert printed.exit_code == 0
    output = ROUNDED.sub("", printed.output)
    for turn, part in enumerate(re.split(r"^\.\.\.\n", ROUNDED.sub("", text), flags=re.MULTILINE)):
        assert part in output if turn else output.startswith(part)


def test_pages_show_commands() -> None:
    assert len(EXAMPLES) >= 3

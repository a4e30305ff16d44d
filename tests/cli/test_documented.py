"""Options in the docs and in the program: docs/commandline.md has the table of all, and no page names one that is not there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
import pytest

from rfonnx.cli.commands import cli

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "commandline.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_USERS = {"README.md", "api.md", "check.md", "commandline.md", "compare.md", "erf.md", "index.md", "tasks.md"}
OPTION = re.compile(r"(?<![\w-])-(?:-[a-z][\w-]*|[a-z])(?![\w-])")


def commands(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Every command by its words, those of groups too."""
    found: dict[str, click.Command] = {}
    for name in group.list_commands(click.Context(group)):
        made = group.get_command(click.Context(group), name)
        assert made is not None
        found |= commands(made, f"{name} ") if isinstance(made, click.Group) else {before + name: made}
    return found


COMMANDS = commands(cli)


def help_lines(command: str) -> list[tuple[str, str]]:
    """What `--help` says of each option: its names with what stands for its value, and the words."""
    made = COMMANDS[command]
    context = click.Context(made, info_name=command)
    options = [one for one in made.params if isinstance(one, click.Option)]
    return [record for one in options if (record := one.get_help_record(context)) is not None]


def names(command: str) -> set[str]:
    return {"-h", "--help", *(name for shown, _ in help_lines(command) for name in OPTION.findall(shown))}


def table() -> str:
    """A row per option; commands that have the same one, with the same words, share it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for command in COMMANDS:
        for line in help_lines(command):
            rows.setdefault(line, []).append(command)
    cells = [(f"`{shown}`", ", ".join(commands), words) for (shown, words), commands in rows.items()]
    lines = [
        " | ".join(cell.replace("|", "\\|") for cell in row)
        for row in (("option", "commands", "what it does"), ("---",) * 3, *cells)
    ]
    return "".join(f"| {line} |\n" for line in lines)


def test_the_page_has_every_option() -> None:
    """`RFONNX_GOLDEN=write` writes the table anew."""
    page = TABLE.read_text(encoding="utf-8")
    before, after = re.split(r"(?<=<!-- options -->\n)(?:\|.*\n)*", page)
    if os.environ.get("RFONNX_GOLDEN") == "write":
        page = before + table() + after
        TABLE.write_text(page, encoding="utf-8")
    assert page == before + table() + after


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_option_that_a_page_names_is_there(page: Path) -> None:
    """Behind `rfonnx COMMAND` one of that command; elsewhere in pages for users, which name no other program's, one of any."""
    text = page.read_text(encoding="utf-8")
    for command, words in re.findall(rf"rfonnx ({'|'.join(COMMANDS)})\b([^`\n]*)", text):
        assert set(OPTION.findall(words)) <= names(command), command + words
    if page.name in OF_USERS:
        assert {name for name in OPTION.findall(text) if name.startswith("--")} <= {"--version"}.union(
            *map(names, COMMANDS)
        )

"""Options that are fields of settings: declared once, and what a command offers is what is declared."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
import pytest

from rfonnx.cli.commands import cli
from rfonnx.cli.numbers import Number
from rfonnx.comparing.options import PLAIN
from rfonnx.comparing.settings import Settings as CompareSettings
from rfonnx.effective.settings import Settings as ErfSettings
from rfonnx.results.option import options
from rfonnx.results.ranges import OPTIONS

DECLARED = [("erf", ErfSettings), ("compare", CompareSettings)]


def parameters(name: str) -> dict[str, click.Option]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {one.name: one for one in command.params if isinstance(one, click.Option) and one.name is not None}


@pytest.mark.parametrize(("command", "settings"), DECLARED)
def test_a_command_offers_every_declared_option(command: str, settings: Any) -> None:
    offered = parameters(command)
    for name, declared in options(settings).items():
        made = offered[name]
        assert declared.flag in made.opts
        assert made.help == declared.help
        assert made.default in (None, declared.preset) or made.multiple
        if declared.range is not None:
            assert isinstance(made.type, Number)
        if declared.choices:
            assert isinstance(made.type, click.Choice)
            assert tuple(made.type.choices) == declared.choices


@pytest.mark.parametrize(("command", "settings"), DECLARED)
def test_the_help_says_the_default(command: str, settings: Any) -> None:
    """A default that is not None stands at the end of the help; a switch that is off needs no word."""
    defaults = {one.name: one.default for one in dataclasses.fields(settings)}
    for name, declared in options(settings).items():
        if defaults[name] is None:
            continue
        word = "yes" if defaults[name] is True else declared.preset or defaults[name]
        if defaults[name] is not False:
            assert declared.help.endswith(f"[default: {word:g}]" if isinstance(word, float) else f"[default: {word}]")


def test_the_seed_of_a_field_is_told() -> None:
    assert options(ErfSettings)["seed"].help == "Of what is drawn at random. [default: 0]"
    assert options(ErfSettings)["method"].help.endswith("[default: auto]")


def test_keys_of_toml_are_the_options() -> None:
    flags = {one.flag.removeprefix("--"): one.key for one in options(CompareSettings).values()}
    assert {key for key in PLAIN if key != "task"} == set(flags) - {"save-outputs"}
    assert PLAIN["latency-runs"].kind is int
    assert PLAIN["temperature"].kind is float
    assert PLAIN["layers"].kind is bool
    assert PLAIN["data"].kind is str


@pytest.mark.parametrize(("command", "settings"), DECLARED)
def test_numbers_have_a_range(command: str, settings: Any) -> None:
    """Whatever is annotated as a number is one of the table of ranges."""
    for one in dataclasses.fields(settings):
        if one.name in options(settings) and str(one.type).partition(" ")[0] in ("int", "float"):
            assert options(settings)[one.name].within in OPTIONS

"""Options of the command line that are fields of a settings dataclass: declared there (`rfonnx.results.option`), made here."""

from __future__ import annotations

from typing import Any

import click

from rfonnx.cli.numbers import Number
from rfonnx.cli.terminal_options import Decorator, together
from rfonnx.results.option import Option, options


def setting_options(settings: type, *names: str, **more: Any) -> Decorator:
    """The options of fields, in this order. What is not given is None, so that a configuration or the field's default holds.

    Args:
        settings: the dataclass.
        names: of its fields.
        more: what click is told beside, such as a callback that reads the words.
    """
    return together(*(_made(name, options(settings)[name], more) for name in names))


def _made(name: str, asked: Option, more: dict[str, Any]) -> Decorator:
    told: dict[str, Any] = {"help": asked.help, "default": asked.preset}
    flag = asked.flag
    if asked.switch is not None:
        told["is_flag"] = True
        if asked.switch:  # what is off by default can only be turned on
            flag = f"{flag}/--no-{flag.removeprefix('--')}"
    elif asked.choices:
        told["type"] = click.Choice(asked.choices)
    elif asked.range is not None:
        told["type"] = Number(asked.within)
    if asked.metavar:
        told["metavar"] = asked.metavar
    return click.option(flag, name, multiple=asked.many, **{**told, **more})


def given(asked: dict[str, Any]) -> dict[str, Any]:
    """What was given: neither None, nor none of what can be given several times."""
    return {name: value for name, value in asked.items() if value is not None and value != ()}

"""Options on what a command shows besides its result: --quiet and --no-color."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

QUIET = "rfonnx.quiet"


def together(*decorators: Decorator) -> Decorator:
    """Several options, in this order."""

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorate in reversed(decorators):
            function = decorate(function)
        return function

    return decorated


def quiet() -> bool:
    """Whether the command that runs was given --quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


def _quiet(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    context.meta[QUIET] = given


def _plain(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    """What rich and other libraries go by, in this process and in those that it starts."""
    if given:
        os.environ["NO_COLOR"] = "1"


terminal_options = together(
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_quiet,
        help="Show no progress on standard error; errors are shown.",
    ),
    click.option(
        "--no-color",
        is_flag=True,
        expose_value=False,
        callback=_plain,
        help="No colours on a terminal, as with NO_COLOR=1.",
    ),
)
"""--quiet and --no-color."""

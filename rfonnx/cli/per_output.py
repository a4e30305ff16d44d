"""Options of `rfonnx compare` that hold for all outputs or for one: `kl=0.1` or `scores.kl=0.1`."""

from __future__ import annotations

import math
import re
from typing import get_args

import click

from rfonnx.results.agreement import Task

Limits = dict[str, float | None]

TASKS = ", ".join(get_args(Task))
WORDS = ("auto", *get_args(Task), "dense")
TEXT = re.compile(rf"(?:(.+?)=)?((?:{'|'.join(WORDS)})(?::.*)?)", re.DOTALL)
"""Names of outputs may hold = and :, so that the first task behind a = is the task."""


def limits(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Limits]:
    """`MEASURE=X`, `MEASURE=off` or `OUTPUT.MEASURE=X`: limits by output, "" for all outputs."""
    found: dict[str, Limits] = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        output, _, measure = name.rpartition(".")
        if not (measure and value):
            raise click.BadParameter(f"'{text}' is not like MEASURE=X or OUTPUT.MEASURE=X", context, parameter)
        own = found.setdefault(output, {})
        if measure in own:
            raise click.BadParameter(f"'{name}' is given twice", context, parameter)
        own[measure] = None if value == "off" else _number(context, parameter, text, value)
    return found


def tasks(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """`TASK`, `OUTPUT=TASK`, with options behind a colon: tasks by output, "" for all that are not named."""
    found: dict[str, str] = {}
    for text in texts:
        match = TEXT.fullmatch(text)
        if match is None:
            word = text.rpartition("=")[2]
            raise click.BadParameter(f"'{word}' is not one of {', '.join(WORDS)}", context, parameter)
        output, task = match[1] or "", match[2]
        if output in found:
            of = f"'{output}'" if output else "all outputs"
            raise click.BadParameter(f"the task of {of} is given twice", context, parameter)
        found[output] = task
    return found


def _number(context: click.Context, parameter: click.Parameter, text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise click.BadParameter(f"'{value}' in '{text}' is no number", context, parameter)
    return number


def tolerances(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, tuple[float, float]]:
    """`ATOL`, `ATOL,RTOL` or `OUTPUT=ATOL,RTOL`: tolerances by output, "" for all that are not named."""
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        output, _, value = text.rpartition("=")
        numbers = [_number(context, parameter, text, part) for part in value.split(",")]
        if len(numbers) > 2 or min(numbers) < 0:
            raise click.BadParameter(f"'{value}' in '{text}' is not like 1e-3 or 1e-3,0.01", context, parameter)
        if output in found:
            raise click.BadParameter(f"'{text}' is given twice", context, parameter)
        found[output] = (numbers[0], numbers[1] if len(numbers) > 1 else 0.0)
    return found

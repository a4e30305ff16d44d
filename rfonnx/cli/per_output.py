"""Options of `rfonnx compare` that hold for all outputs or for one: `kl=0.1` or `scores.kl=0.1`. The name of all is ""."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import get_args

import click

from rfonnx.results.agreement import Task

Limits = dict[str, float | None]

TASKS = ", ".join(get_args(Task))
WORDS = ("auto", *get_args(Task), "dense")
TEXT = re.compile(rf"(?:(.+?)=)?((?:{'|'.join(WORDS)})(?::.*)?)", re.DOTALL)
"""Names of outputs may hold = and :, so that the first task behind a = is the task."""


def limit(text: str) -> tuple[str, float | None]:
    """`MEASURE=X`, `MEASURE=off` or `OUTPUT.MEASURE=X`."""
    name, _, value = text.rpartition("=")
    if not (name.rpartition(".")[2] and value):
        raise click.BadParameter(f"'{text}' is not like MEASURE=X or OUTPUT.MEASURE=X")
    return name, None if value == "off" else _number(text, value)


def by_output(limits: Mapping[str, float | None]) -> dict[str, Limits]:
    """Limits by output and measure."""
    found: dict[str, Limits] = {}
    for name, value in limits.items():
        output, _, measure = name.rpartition(".")
        found.setdefault(output, {})[measure] = value
    return found


def task(text: str) -> tuple[str, str]:
    """`TASK`, `OUTPUT=TASK`, with options behind a colon."""
    match = TEXT.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"'{text.rpartition('=')[2]}' is not one of {', '.join(WORDS)}")
    return match[1] or "", match[2]


def tolerance(text: str) -> tuple[str, tuple[float, float]]:
    """`ATOL`, `ATOL,RTOL` or `OUTPUT=ATOL,RTOL`."""
    output, _, value = text.rpartition("=")
    numbers = [_number(text, part) for part in value.split(",")]
    if len(numbers) > 2 or min(numbers) < 0:
        raise click.BadParameter(f"'{value}' in '{text}' is not like 1e-3 or 1e-3,0.01")
    return output, (numbers[0], numbers[1] if len(numbers) > 1 else 0.0)


def _number(text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise click.BadParameter(f"'{value}' in '{text}' is no number")
    return number

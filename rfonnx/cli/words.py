"""How the words of options are read: functions for click's `type`. click tells which option an error is about."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeVar, cast

import click

Value = TypeVar("Value")

Shapes = dict[str, int | tuple[int, ...]]
AxesChoice = Literal["all", "spatial"] | tuple[int, ...]

WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*")
"""A position along any axis; `int` alone would take more digits, digits of other scripts, and underscores."""


def by_name(
    context: click.Context, parameter: click.Parameter, given: tuple[tuple[str, Value], ...]
) -> dict[str, Value]:
    """click's `callback` of a repeatable option that is read as (name, value): a dict."""
    found: dict[str, Value] = {}
    for name, value in given:
        if name in found:
            raise click.BadParameter(f"'{name}' is given twice" if name else "what holds for all is given twice")
        found[name] = value
    return found


def pair(text: str) -> tuple[str, str]:
    """`a=b`."""
    name, _, value = text.partition("=")
    if not (name and value):
        raise click.BadParameter(f"'{text}' is not like NAME=VALUE")
    return name, value


def axis_by_name(text: str) -> tuple[str, int]:
    """`x=2`: the axis of an input; `2`: of all, under the name ""."""
    name, _, number = text.rpartition("=")
    if not WHOLE.fullmatch(number):
        raise click.BadParameter(f"'{text}' is not like 2 or NAME=2")
    return name, int(number)


def shape(text: str) -> tuple[str, int | tuple[int, ...]]:
    """`x=1,3,224,224` or `x=1x3x224x224` binds an input's shape, `H=512` a symbolic dimension; `x=7,` is a shape of rank 1."""
    name, _, value = text.rpartition("=")
    if not (name and value):
        raise click.BadParameter(f"'{text}' is not like x=1,3,224,224 or H=512")
    value = value.replace("x", ",")  # as reports write shapes
    found = tuple(_length(word, text) for word in value.removesuffix(",").split(","))
    return name, found if "," in value else found[0]


def lengths(text: str) -> tuple[int, ...]:
    """`512,512`: a length for each axis that windows slide along."""
    return tuple(_length(word, text) for word in text.split(","))


def memory(text: str) -> int:
    """`4GB`, `500 MiB`: bytes."""
    found = re.fullmatch(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([KMGT])(i?)B?\s*", text, re.IGNORECASE)
    if not found:
        raise click.BadParameter(f"'{text}' is not like 4GB or 500MB")
    number, letter, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("KMGT".index(letter.upper()) + 1))


def _length(word: str, text: str) -> int:
    if not (word.strip().isdecimal() and word.isascii()):
        raise click.BadParameter(f"'{word}' in '{text}' is not a whole number of positions")
    if not WHOLE.fullmatch(word):
        raise click.BadParameter(f"'{word}' in '{text}' is larger than any axis can be")
    return int(word)


def value(text: str) -> tuple[str, Any]:
    """`sr=16000`, `sizes=[1,3,64,64]`: a number, true or false, or lists of them, as in JSON."""
    name, _, words = text.rpartition("=")
    try:
        found = json.loads(words) if name else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, bool | int | float | list):
        raise click.BadParameter(f"'{text}' is not like sr=16000 or sizes=[1,3,64,64]")
    return name, found


def batch_axis(text: str) -> tuple[str, int | None]:
    """`state=1`, `x=none`."""
    name, _, word = text.rpartition("=")
    if not (name and re.fullmatch("none|-?[0-9]{1,4}", word)):
        raise click.BadParameter(f"'{text}' is not like state=1 or x=none")
    return name, None if word == "none" else int(word)


def axes(text: str) -> AxesChoice:
    """`all`, `spatial` or `2,3`."""
    if text in ("all", "spatial"):
        return cast(AxesChoice, text)
    words = text.split(",")
    if not all(re.fullmatch(r"\s*[0-9]{1,4}\s*", word) for word in words):
        raise click.BadParameter(f"'{text}' is not 'all', 'spatial' or axis numbers such as 2,3")
    return tuple(sorted(set(map(int, words))))


def position(text: str) -> tuple[int, ...]:
    """`0,0,3,-1`: one index per axis, negative ones from the end."""
    words = text.split(",")
    if not all(map(WHOLE.fullmatch, words)):
        raise click.BadParameter(f"'{text}' is not a position such as 0,0,3,3")
    return tuple(map(int, words))

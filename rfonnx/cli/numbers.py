"""Numbers on the command line, held to the table of ranges that configurations and Python are held to."""

from __future__ import annotations

from typing import Any

import click

from rfonnx.results.ranges import OPTIONS


class Number(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A number within the range of an option of `rfonnx.results.ranges.OPTIONS`."""

    name = "number"

    def __init__(self, option: str) -> None:
        """`option`: its name in the table."""
        self._range = OPTIONS[option]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:
        """An int or a float; refused with the range when it is none, or lies outside."""
        try:
            number = int(value) if self._range.whole else float(value)
        except ValueError:
            number = None
        if number is None or number not in self._range:
            self.fail(f"'{value}' is not {self._range}", param, ctx)
        return number

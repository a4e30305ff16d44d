"""Numbers out of range are refused on the command line with the range, the same as in configurations and Python."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest

from outcome import Outcome
from rfonnx.cli.commands import COMMANDS, cli
from rfonnx.cli.numbers import Number

Run = Callable[..., Outcome]
HUGE, DIGITS = "1" + "0" * 30, "9" * 5000
REPORT, ERF, CHECK, COMPARE = ["report", "m"], ["erf", "m"], ["check", "m"], ["compare", "m", "m"]


@pytest.mark.parametrize(
    ("command", "option", "values", "allowed"),
    [
        (COMPARE, "--samples", ("-5", "0", HUGE, DIGITS, "3.5", "x", ""), "a whole number from 1 to 2^31"),
        (COMPARE, "--seed", ("-1", HUGE, "1e3"), "a whole number from 0 to 2^62"),
        (COMPARE, "--batch", ("0", HUGE), "a whole number from 1 to 65536"),
        (COMPARE, "--threads", ("0", "-4", "100000"), "a whole number from 1 to 1024"),
        (COMPARE, "--latency-runs", ("-1", "4", HUGE), "a whole number from 5 to 100000"),
        (COMPARE, "--class-axis", (HUGE, "64"), "a whole number from -64 to 63"),
        (COMPARE, "--temperature", ("0", "-1", "nan", "inf", "1e400"), "a number above 0, at most 1e+06"),
        (COMPARE, "--layer-limit", ("nan", "-inf", HUGE), "a number from -1000 to 1000"),
        (CHECK, "--samples", ("-5", HUGE), "a whole number from 1 to 2^31"),
        (CHECK, "--threads", ("-5", HUGE), "a whole number from 1 to 1024"),
        (ERF, "-n", ("-5", HUGE), "a whole number from 1 to 2^31"),
        (ERF, "--tolerance", ("5", "0", "nan", "80%"), "a number above 0, at most 1"),
        (ERF, "--seed", ("-1", HUGE), "a whole number from 0 to 2^62"),
        (ERF, "--block", ("0", HUGE), "a whole number from 1 to 2^31"),
        (ERF, "--seconds", ("0", "inf", "-1"), "a number above 0, at most 1e+07"),
        (ERF, "--batch", ("0", HUGE), "a whole number from 1 to 65536"),
        (ERF, "--threads", ("0", HUGE), "a whole number from 1 to 1024"),
        (REPORT, "--rate", ("0", "-1", "nan", "inf", "x"), "a number above 0, at most 1e+12"),
    ],
)
def test_the_range_is_told(command: list[str], option: str, values: tuple[str, ...], allowed: str, rfonnx: Run) -> None:
    for value in values:
        done = rfonnx(*command, option, value)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert f" is not {allowed}; " in done.err
        assert len(done.err) < 2100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_with_a_number_has_a_range(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    plain = (click.INT.__class__, click.FLOAT.__class__, click.IntRange, click.FloatRange)
    assert [option.name for option in command.params if isinstance(option.type, plain)] == []
    if name == "erf":
        assert sum(isinstance(option.type, Number) for option in command.params) == 8

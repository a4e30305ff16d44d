"""`--timeout SECONDS`: the command runs in a process of its own, which is ended when its time is over.

A thread or an alarm of this process could not end it: onnxruntime folds constants, and `re` searches, with the interpreter's lock
held, and handlers of signals wait until they are done.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import click

from rfonnx.cli import signals
from rfonnx.cli.failures import fail
from rfonnx.cli.numbers import Number
from rfonnx.system.interpreter import environment, python
from rfonnx.system.named import NamedTuple

Function = TypeVar("Function", bound=Callable[..., Any])

PROGRAM = "from rfonnx.cli.main import main; main(watched=True)"

GRACE = signals.GRACE + 1
"""Seconds to end by itself and to remove what is temporary, before it is killed."""


class Invocation(NamedTuple):
    """How a command was called: click's object of the context.

    Attributes:
        arguments: the words of the command line.
        watched: it runs in a process that is ended when its time is over.
    """

    arguments: Sequence[str]
    watched: bool


def timeout_option(function: Function) -> Function:
    """--timeout SECONDS."""
    return click.option(
        "--timeout",
        type=Number("timeout"),
        metavar="SECONDS",
        is_eager=True,
        expose_value=False,
        callback=_within,
        help="End the command after so many seconds, whatever it is at: one line, exit code 2. [default: never]",
    )(function)


def _within(context: click.Context, parameter: click.Parameter, seconds: float | None) -> None:
    called = context.find_object(Invocation)
    if seconds is None or called is None or called.watched or context.resilient_parsing:
        return
    context.exit(watch([*python("-c", PROGRAM), *called.arguments], seconds))


def watch(command: Sequence[str], seconds: float) -> int:
    """Run a command for at most so many seconds; the exit code, 2 when its time was over.

    Raises:
        KeyboardInterrupt, signals.Ended: this process was asked to end; the command has ended before.
    """
    with subprocess.Popen(command, env=environment()) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            hint = "give it more time, fewer samples or a smaller model"
            return fail(f"the command took longer than the {seconds:g} s of --timeout and was ended; {hint}")
        except KeyboardInterrupt:
            # Ctrl-C on a terminal reaches the command too, which writes what it found so far.
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            _end(process)
            raise
        except BaseException:
            _end(process)
            raise
    return code if code >= 0 else 128 - code  # ended by a signal: as shells have it


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and kill it when it does not."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    process.kill()

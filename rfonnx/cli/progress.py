"""A progress bar for loops whose length is mostly known, on standard error when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

from rfonnx.cli import streams
from rfonnx.cli.terminal_options import quiet
from rfonnx.results.plain import duration


class Tell(Protocol):
    """Called with what is done, what there is in all (None: not known yet), and a few words on how far that has led."""

    def __call__(self, done: int, total: int | None, words: str = "") -> None: ...


FIRST, EVERY = 10.0, 30.0
"""Seconds of work that is left before anything is said where there is no terminal, and between two lines."""


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """Gives a function to call after each step: a bar on a terminal, else a line now and then; nothing with --quiet."""
    if quiet():
        yield lambda done, total, words="": None
        return
    if not sys.stderr.isatty():
        yield Lines(what).tell
        return
    # Imported here: see waiting.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps a second."""

        def render(self, task: Task) -> Text:
            """Nothing, until it is known."""
            return Text(f"{task.speed:.3g}/s" if task.speed else "")

    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, words="": bar.update(task, completed=done, total=total, description=f"{what}{words}")


class Lines:
    """Lines on standard error: the first as soon as the time that is left is known to be long, then one every half a minute."""

    def __init__(self, what: str, clock: Callable[[], float] = monotonic) -> None:
        """Nothing is done yet."""
        self._what, self._clock = what, clock
        self._said: float | None = None
        self._before: int | None = None
        self._first: tuple[float, int] | None = None

    def tell(self, done: int, total: int | None, words: str = "") -> None:
        """As `Tell`."""
        now = self._clock()
        if self._before is None:
            self._before = done  # by an earlier run
        if self._first is None:
            # What was done at first took the time of opening the model too.
            self._first = (now, done) if done > self._before else None
            return
        begun, before = self._first
        left = (now - begun) * (total - done) / (done - before) if total and done > before and now > begun + 1 else None
        if self._said is None:
            due = now - begun > EVERY or (left is not None and left > FIRST)
        else:
            due = now - self._said > EVERY
        if due:
            self._said = now
            of = f" of {total:,}" if total else ""
            time = f", about {duration(left)} left" if left is not None else ""
            streams.say(f"rfonnx: {self._what}{words}: {done:,}{of}{time}")

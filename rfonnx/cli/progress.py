"""A progress bar for loops whose length is mostly known, on standard error when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Tell(Protocol):
    """Called with what is done, what there is in all (None: not known yet), and a few words on how far that has led."""

    def __call__(self, done: int, total: int | None, words: str = "") -> None: ...


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """Gives a function to call after each step."""
    if not sys.stderr.isatty():
        yield lambda done, total, words="": None
        return
    # Imported here: see waiting.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, words="": bar.update(task, completed=done, total=total, description=f"{what}{words}")

"""A sign of life for people who wait: a moving bar on a terminal, after a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rfonnx.cli.terminal_options import quiet

DELAY = 1.0
"""Seconds of quiet before the bar appears: most models are done by then."""


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show a bar on standard error while the body runs, if that takes longer than `DELAY`, on a terminal without --quiet."""
    if quiet() or not sys.stderr.isatty():
        yield
        return
    done = Event()
    thread = Thread(target=_show, args=(what, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(what: str, done: Event) -> None:
    if done.wait(DELAY):
        return
    # Imported here: rich takes a fifth of the time that a small model takes in all.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(what, total=None)
        done.wait()

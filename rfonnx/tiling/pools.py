"""Where crops are run: in threads of this process, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import numpy as np

from rfonnx.errors import QueryError
from rfonnx.model.opened import Opened
from rfonnx.results.tiling import Ranges
from rfonnx.system.named import NamedTuple
from rfonnx.tiling.runner import Arrays, Runner

ANSWER = 10.0
"""Seconds in which a Dask scheduler must answer."""


class Run(Protocol):
    """A crop that is on its way."""

    def result(self) -> Arrays:
        """What is kept of it; waits for it."""


class Client(Protocol):
    """What is used of a `distributed.Client`."""

    def submit(self, function: Any, *arguments: Any, pure: bool) -> Any:
        """Run a function on a worker; gives a future."""

    def nthreads(self) -> Mapping[str, int]:
        """Threads by worker."""


class Pool(NamedTuple):
    """Runs crops.

    Attributes:
        submit: as `Runner.__call__`, later.
        ahead: crops that are worth having on their way at a time.
    """

    submit: Callable[[Mapping[str, np.ndarray], Mapping[str, Ranges]], Run]
    ahead: int


@contextmanager
def pool(
    model: Opened,
    outputs: Sequence[str],
    *,
    workers: int = 1,
    threads: int | None = None,
    providers: str | Sequence[str] | None = None,
    scheduler: str | Client | None = None,
    reduce: Callable[[Arrays], Arrays] | None = None,
) -> Iterator[Pool]:
    """Where the crops of a model are run.

    Args:
        model, outputs, reduce: see `Runner`.
        workers: crops that are run at a time, by one session.
        threads: of one operator, shared by the workers; None: so many that each core has one.
        providers: as of `Opened.session`.
        scheduler: address of a Dask scheduler, or a client of one: its workers, instead of threads here. What a lost worker had
            not finished it runs anew.
    """
    if scheduler is not None:
        with cluster(scheduler) as client:
            # A task, not scattered data: when the worker that holds it is lost, it is made again.
            there = client.submit(_same, Runner(model, outputs, threads, providers, reduce), pure=False)
            yield Pool(partial(client.submit, Runner.__call__, there, pure=False), 2 * sum(client.nthreads().values()))
        return
    if threads is None and workers > 1:
        threads = max((os.cpu_count() or 1) - workers + 1, 1)  # the session's own work beside those that call it
    executor = ThreadPoolExecutor(workers)  # they run one session, so that reading and writing go on meanwhile
    try:
        runner = Runner(model, outputs, threads, providers, reduce)
        yield Pool(lambda crops, local: executor.submit(runner, crops, local), 2 * workers)
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def cluster(scheduler: str | Client) -> Iterator[Client]:
    if not isinstance(scheduler, str):
        yield scheduler
        return
    try:
        import distributed
    except ImportError:
        raise QueryError(
            "a Dask cluster was asked for, and dask is not installed", "pip install 'rfonnx[dask]'"
        ) from None
    try:
        client: Any = distributed.Client(scheduler, timeout=ANSWER)
    except (OSError, ValueError) as error:
        told = f"no Dask scheduler answers at {scheduler} ({error})"
        raise QueryError(told, "check the address, such as tcp://host:8786") from None
    with client:
        yield client


def _same(runner: Runner) -> Runner:
    return runner

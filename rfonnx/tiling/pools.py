"""Where crops are run: in this process, in others on this machine, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Protocol

import numpy as np

from rfonnx.errors import QueryError, RunError
from rfonnx.model.opened import Opened
from rfonnx.results.tiling import Ranges
from rfonnx.tiling.runner import Arrays, Runner

ANSWER = 10.0
"""Seconds in which a Dask scheduler must answer."""

LOST = 3
"""Times that worker processes may be lost, one after the other without a tile in between, before the run is given up."""


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


class Pool(Protocol):
    """Runs crops.

    Attributes:
        ahead: crops that are worth having on their way at a time.
    """

    ahead: int

    def submit(self, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Run:
        """As `Runner.__call__`, later."""


class Here:
    """One thread of this process, so that reading and writing go on while it runs."""

    ahead = 2

    def __init__(self, runner: Runner, threads: ThreadPoolExecutor) -> None:
        self._runner, self._threads = runner, threads

    def submit(self, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Run:
        """See `Pool`."""
        return self._threads.submit(self._runner, crops, local)


class Processes:
    """Processes of this machine, each with a session of its own. One that is lost costs only its tiles: they are run again."""

    def __init__(self, runner: Runner, workers: int) -> None:
        self._runner, self._workers, self.ahead = runner, workers, 2 * workers
        self.executor: ProcessPoolExecutor | None = None
        self._lost = 0

    def submit(self, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Run:
        """See `Pool`."""
        return _Again(self, crops, local)

    def start(self, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Future[Arrays]:
        """Hand a crop to the processes there are."""
        if self.executor is None:
            self.executor = ProcessPoolExecutor(self._workers, get_context("spawn"), _remember, (self._runner,))
        return self.executor.submit(_run, crops, local)

    def lose(self, executor: ProcessPoolExecutor | None) -> None:
        """A process of this executor is gone, and the executor with it: the next crop makes a new one.

        Raises:
            RunError: it happens again and again.
        """
        if self.executor is not executor:
            return  # told already
        self.close()
        self._lost += 1
        if self._lost > LOST:
            raise RunError(
                "a worker process ended again and again while it ran a tile",
                "it may need more memory than there is: plan a smaller --tile, or fewer --workers",
            )

    def keep(self) -> None:
        """A tile came through."""
        self._lost = 0

    def close(self) -> None:
        """End the processes."""
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)
            self.executor = None


class _Again:
    """A crop that is run again when its process is lost."""

    def __init__(self, pool: Processes, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> None:
        self._pool, self._crops, self._local = pool, crops, local
        self._start()

    def _start(self) -> None:
        self._future: Future[Arrays] | None = None
        while self._future is None:
            try:
                self._future = self._pool.start(self._crops, self._local)
            except BrokenProcessPool:
                self._pool.lose(self._pool.executor)
        self._executor = self._pool.executor

    def result(self) -> Arrays:
        """See `Run`."""
        while True:
            assert self._future is not None
            try:
                made = self._future.result()
            except (BrokenProcessPool, CancelledError):
                self._pool.lose(self._executor)
                self._start()
            else:
                self._pool.keep()
                return made


class Cluster:
    """The workers of a Dask cluster. The scheduler runs what a lost worker had not finished anew."""

    def __init__(self, runner: Runner, client: Client) -> None:
        # A task, not scattered data: when the worker that holds it is lost, it is made again.
        self._client, self._runner = client, client.submit(_same, runner, pure=False)
        self.ahead = 2 * max(sum(client.nthreads().values()), 1)

    def submit(self, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Run:
        """See `Pool`."""
        made: Run = self._client.submit(_with, self._runner, crops, local, pure=False)
        return made


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
        workers: processes; 1: this one.
        threads: of each session; None: the cores, shared out among the workers.
        providers: as of `Opened.session`.
        scheduler: address of a Dask scheduler, or a client of one: its workers, instead of processes here.
    """
    if scheduler is not None:
        with _client(scheduler) as client:
            yield Cluster(Runner(model, outputs, threads, providers, reduce), client)
    elif workers > 1:
        share = threads or max((os.cpu_count() or 1) // workers, 1)
        processes = Processes(Runner(model, outputs, share, providers, reduce), workers)
        try:
            yield processes
        finally:
            processes.close()
    else:
        with ThreadPoolExecutor(1) as one:
            yield Here(Runner(model, outputs, threads, providers, reduce), one)


@contextmanager
def _client(scheduler: str | Client) -> Iterator[Client]:
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


_runner: Runner | None = None
"""Of this worker process."""


def _remember(runner: Runner) -> None:
    global _runner
    _runner = runner
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the process that made this one: when it is killed, nobody else ends those that wait for its crops."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _run(crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Arrays:
    assert _runner is not None
    return _runner(crops, local)


def _same(runner: Runner) -> Runner:
    return runner


def _with(runner: Runner, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Arrays:
    return runner(crops, local)

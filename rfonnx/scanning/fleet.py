"""All models of a scan, some at a time; what is known of each goes to the journal at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rfonnx.results.scan import ScanRecord
from rfonnx.scanning.alone import How, record
from rfonnx.scanning.journal import journal
from rfonnx.scanning.listing import Listed
from rfonnx.scanning.starter import Starter
from rfonnx.system.regular import digest
from rfonnx.tiling.pools import cluster

Tell = Callable[[int, int], None]


def scan(
    models: Sequence[Listed],
    how: How,
    file: Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    tell: Tell = lambda done, total: None,
) -> list[ScanRecord]:
    """A record for each model, in the order of the models.

    Args:
        models: see `listed`.
        how: each is analysed.
        file: of records: those that hold are not made again, new ones are added as soon as they are there. None: no file.
        workers: processes at a time on this machine.
        scheduler: address of a Dask scheduler, whose workers start the processes; they must see the same files.
        tell: called with the models that are done, and how many there are.

    Raises:
        DataError: the file cannot be written or holds something else; or no scheduler answers.
    """
    run = partial(_some, how=how, workers=workers, scheduler=scheduler)
    if file is None:
        return _all(models, run, {}, tell, lambda made: None)
    by_name = {one.name: one for one in models}
    with journal(file, lambda name: _digest(by_name[name]) if name in by_name else None, how.holds) as written:
        return _all(models, run, dict(written.kept), tell, written.write)


def _all(
    models: Sequence[Listed],
    run: Callable[[Sequence[Listed]], Iterator[ScanRecord]],
    found: dict[str, ScanRecord],
    tell: Tell,
    write: Callable[[ScanRecord], None],
) -> list[ScanRecord]:
    """Those that were found, and those of all other models."""
    tell(len(found), len(models))
    for made in run([one for one in models if one.name not in found]):
        write(made)
        found[made["model"]] = made
        tell(len(found), len(models))
    return [found[one.name] for one in models]


def _some(models: Sequence[Listed], how: How, workers: int, scheduler: str | None) -> Iterator[ScanRecord]:
    """Records as they are done; as many models are on their way as can be run, so that an end loses few."""
    waiting = iter(models)
    with _pool(workers, scheduler) as (pool, ahead):
        running: set[Future[ScanRecord]] = set()
        while True:
            for one in waiting:
                running.add(pool.submit(record, one, how))
                if len(running) >= ahead:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


@contextmanager
def _pool(workers: int, scheduler: str | None) -> Iterator[tuple[Executor, int]]:
    """What runs functions, and how many of them are worth having on their way. At its end nothing runs any more."""
    if scheduler is not None:
        with cluster(scheduler) as client, client.get_executor(pure=False) as executor:  # type: ignore[attr-defined]
            yield executor, 2 * sum(client.nthreads().values())
        return
    with ThreadPoolExecutor(workers) as executor:
        try:
            yield executor, workers
        finally:
            Starter.end_all()


def _digest(one: Listed) -> str:
    """sha256 of a file of this machine; "" where it cannot be read, or is none."""
    try:
        return "" if one.remote else digest(one.name)
    except OSError:
        return ""

"""Samples in batches for both models, read and prepared ahead in a second thread while onnxruntime works."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rfonnx.compare.feeds import Feed
from rfonnx.compare.settings import OnError
from rfonnx.data.prepare import Preparer
from rfonnx.data.samples import Item, Source
from rfonnx.errors import RfonnxError

AHEAD = 2
"""Batches that wait for their turn: memory holds these and the one that runs."""


@dataclass(slots=True)
class Prepared:
    """A batch for both models; arrays have no batch axis yet.

    Attributes:
        skipped: samples that could not be read before this batch was full, with the reason.
        failed: why no further batch follows, or None.
    """

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    teacher: list[Feed] = field(default_factory=list)
    student: list[Feed] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: BaseException | None = None


class Batches:
    """Iterates over prepared batches. Samples of one batch have one shape; a new shape begins a new batch.

    Args:
        size: samples of a batch.
        limit: samples to stop after, or None.
        on_error: "skip" leaves out samples that cannot be read or do not fit, "fail" ends with the first.
    """

    def __init__(
        self, source: Source, prepare: tuple[Preparer, Preparer], size: int, limit: int | None, on_error: OnError
    ) -> None:
        self._source, self._prepare, self._size, self._limit = source, prepare, size, limit
        self._on_error = on_error

    def __iter__(self) -> Iterator[Prepared]:
        """Batches in order; the last may hold nothing but what was skipped or why it failed."""
        ready: queue.Queue[Prepared | None] = queue.Queue(AHEAD)
        stop = threading.Event()
        thread = threading.Thread(target=self._fill, args=(ready, stop), daemon=True)
        thread.start()
        try:
            while (batch := ready.get()) is not None:
                yield batch
        finally:
            stop.set()
            while thread.is_alive():
                _drain(ready)
                thread.join(0.01)

    def _fill(self, ready: queue.Queue[Prepared | None], stop: threading.Event) -> None:
        try:
            for batch in self.batches():
                if stop.is_set():
                    return
                ready.put(batch)
        except BaseException as error:  # it belongs to the thread that waits for this one
            ready.put(Prepared(failed=error))
        ready.put(None)

    def batches(self) -> Iterator[Prepared]:
        """The same, in the caller's thread."""
        batch = Prepared()
        shapes: Sequence[tuple[int, ...]] = ()
        items = self._items()
        while True:
            try:
                item = next(items, None)
            except RfonnxError as error:  # the file itself is broken here: there is nothing to skip to
                batch.failed = error
                break
            if item is None:
                break
            try:
                sample = item.load()
                feeds = (self._prepare[0](sample), self._prepare[1](sample))
            except RfonnxError as error:
                if self._on_error == "fail":
                    batch.failed = error
                    break
                batch.skipped.append((item.name, str(error)))
                continue
            found = [array.shape for feed in feeds for array in feed.values()]
            if batch.names and (found != shapes or len(batch.names) == self._size):
                yield batch
                batch = Prepared()
            shapes = found
            batch.names.append(sample.name)
            batch.labels.append(-1 if sample.label is None else sample.label)
            batch.teacher.append(feeds[0])
            batch.student.append(feeds[1])
        if batch.names or batch.skipped or batch.failed:
            yield batch

    def _items(self) -> Iterator[Item]:
        for index, item in enumerate(self._source):
            if self._limit is not None and index >= self._limit:
                return
            yield item


def _drain(ready: queue.Queue[Prepared | None]) -> None:
    try:
        while True:
            ready.get_nowait()
    except queue.Empty:
        return

"""Samples in batches for both models, read and prepared ahead in a second thread while onnxruntime works."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.data.samples import Item, SampleSource, Stack
from rfonnx.errors import RfonnxError

AHEAD = 2
"""Bundles of batches that wait for their turn: memory holds these, the one that runs and the one that is made."""

BUNDLE_SECONDS, BUNDLE_BYTES = 0.01, 2**22
"""A bundle is handed over when it took so long to make, or has grown so large. Handing over costs up to 0.1 ms, as much as
both runs of a small model: batch by batch it took a third of the time."""


BLOCK_SAMPLES, BLOCK_BYTES = 64, 2**20
"""Samples that are read and measured at once, where that is more than a batch; runs are of a batch each."""


@dataclass(slots=True)
class Prepared:
    """A batch for both models, or several batches that were read as a block.

    Attributes:
        names, labels: of its samples; a label is -1 where the true class is not known.
        teacher, student: the samples prepared for each model, without a batch axis; empty where they were read as a block.
        stacked: the same as inputs of one run for each model.
        skipped: samples that could not be read before this batch was full, with the reason.
        failed: why no further batch follows, or None.
    """

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    teacher: list[Feed] = field(default_factory=list)
    student: list[Feed] = field(default_factory=list)
    stacked: tuple[Feed, Feed] = field(default_factory=lambda: ({}, {}))
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: BaseException | None = None

    def feeds(self, which: int) -> Iterator[Feed]:
        """Each sample for the teacher (0) or the student (1), without a batch axis."""
        single = (self.teacher, self.student)[which]
        if single:
            yield from single
        else:
            for index in range(len(self.names)):
                yield {name: array[index] for name, array in self.stacked[which].items()}

    def parts(self, size: int) -> Iterator[Prepared]:
        """Parts of at most `size` samples, where it was read as a block; else as it is. A fault comes with the last."""
        count = len(self.names)
        if self.teacher or count <= size:
            yield self
            return
        for begin in range(0, count, size):
            part = self._part(slice(begin, begin + size))
            part.failed = self.failed if begin + size >= count else None
            yield part

    def rest(self, done: int) -> Prepared:
        """The batch without its first samples."""
        left = self._part(slice(done, None)) if done else self
        left.failed = self.failed
        return left

    def _part(self, part: slice) -> Prepared:
        """Some of its samples; stacked where it was read as a block."""
        one, other = ({} if self.teacher else {name: a[part] for name, a in feed.items()} for feed in self.stacked)
        samples = (self.teacher[part], self.student[part])
        return Prepared(self.names[part], self.labels[part], *samples, stacked=(one, other))

    @property
    def bytes(self) -> int:
        """Bytes of the stacked arrays, of both models."""
        return sum(array.nbytes for feed in self.stacked for array in feed.values())


class Batches:
    """Iterates over prepared batches of samples. Those of one batch have one shape; a new shape begins a new batch."""

    def __init__(self, source: SampleSource, pair: Pair) -> None:
        self._source, self._size, self._stack = source, pair.batch_size(), pair.stack
        self._prepare = pair.preparer(0), pair.preparer(1)
        self._limit, self._on_error = pair.settings.samples, pair.settings.on_error

    def __iter__(self) -> Iterator[Prepared]:
        """Batches in order; the last may hold nothing but what was skipped or why it failed."""
        ready: queue.Queue[list[Prepared] | None] = queue.Queue(AHEAD)
        stop = threading.Event()
        thread = threading.Thread(target=self._fill, args=(ready, stop), daemon=True)
        thread.start()
        try:
            while (bundle := ready.get()) is not None:
                yield from bundle
        finally:
            stop.set()
            while thread.is_alive():
                _drain(ready)
                thread.join(0.01)

    def _fill(self, ready: queue.Queue[list[Prepared] | None], stop: threading.Event) -> None:
        bundle: list[Prepared] = []
        size, begun = 0, time.perf_counter()
        try:
            for batch in self.batches():
                if stop.is_set():
                    return
                bundle.append(batch)
                size += batch.bytes
                if size >= BUNDLE_BYTES or time.perf_counter() - begun >= BUNDLE_SECONDS:
                    ready.put(bundle)
                    bundle, size, begun = [], 0, time.perf_counter()
        except BaseException as error:  # it belongs to the thread that waits for this one
            bundle.append(Prepared(failed=error))
        ready.put(bundle)
        ready.put(None)

    def batches(self) -> Iterator[Prepared]:
        """The same, in the caller's thread."""
        if isinstance(self._source, Stack) and self._on_error == "fail" and (stored := self._source.stored()):
            mine, theirs = (prepare.untouched(stored) for prepare in self._prepare)
            if mine is not None and theirs is not None:
                row = sum(math.prod(shape) * dtype.itemsize for shape, dtype in stored.values())
                return self._blocks(self._source, row, mine, theirs)
        return self._one_by_one()

    def _blocks(
        self, source: Stack, row: int, mine: Mapping[str, str], theirs: Mapping[str, str]
    ) -> Iterator[Prepared]:
        """Batches as the file holds them; a sample has `row` bytes.

        Sample by sample takes 10 us for each, a twentieth of two runs of 0.1 ms.
        """
        left = len(source) if self._limit is None else min(self._limit, len(source))
        blocks = source.blocks(self._size * max(1, min(BLOCK_SAMPLES, BLOCK_BYTES // max(1, row)) // self._size))
        while left:
            try:
                block = next(blocks)
            except RfonnxError as error:
                yield Prepared(failed=error)
                return
            count = min(left, len(block.names))
            given = {into: block.arrays[name][:count] for into, name in mine.items()}
            taken = {into: block.arrays[name][:count] for into, name in theirs.items()}
            yield Prepared(block.names[:count], block.labels[:count], stacked=(given, taken))
            left -= count

    def _one_by_one(self) -> Iterator[Prepared]:
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
                yield self._stacked(batch)
                batch = Prepared()
            shapes = found
            batch.names.append(sample.name)
            batch.labels.append(-1 if sample.label is None else sample.label)
            batch.teacher.append(feeds[0])
            batch.student.append(feeds[1])
        if batch.names or batch.skipped or batch.failed:
            yield self._stacked(batch)

    def _stacked(self, batch: Prepared) -> Prepared:
        if batch.names:
            batch.stacked = self._stack(batch.teacher, batch.student)
        return batch

    def _items(self) -> Iterator[Item]:
        for index, item in enumerate(self._source):
            if self._limit is not None and index >= self._limit:
                return
            yield item


def _drain(ready: queue.Queue[list[Prepared] | None]) -> None:
    try:
        while True:
            ready.get_nowait()
    except queue.Empty:
        return

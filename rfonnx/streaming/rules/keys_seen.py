"""What a chunk of queries sees of the keys: how many there are beside it, which of them each query sees, which of them exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Length
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.writer import Writer


@dataclass(frozen=True, slots=True)
class Sight:
    """Row i of a chunk is query `q + i`, column j is key `q - left + j`, where q is `chunk number * frames - delay`.

    Attributes:
        band: which keys a query sees.
        frames: queries of a chunk.
        delay: of the queries, and of what is made with them.
        left: keys before the first query.
        width: keys of a chunk.
    """

    band: Attends
    frames: int
    delay: int
    left: int
    width: int

    @classmethod
    def of(cls, band: Attends, frames: int, queries: int, keys: int) -> Sight:
        """With the least delay at which all keys of a chunk have come.

        Args:
            band: which keys a query sees.
            frames: of a chunk, a multiple of the band's period.
            queries, keys: delays of what they are made of.
        """
        rows = np.arange(frames)
        delay = queries
        while True:
            phase = (rows - delay) % band.period
            last = int((rows + np.array(band.after)[phase]).max())
            if delay >= keys + last - frames + 1:
                break
            delay += 1
        left = max(int((np.array(band.before)[phase] - rows).max()), -last)
        left += int(left + last == 0)  # one key that weighs 1 whatever its score is is told by another that is hidden
        return cls(band, frames, delay, left, left + last + 1)

    @property
    def phases(self) -> np.ndarray:
        """Of each query: its number by the period."""
        return (np.arange(self.frames) - self.delay) % self.band.period

    @property
    def offsets(self) -> np.ndarray:
        """Of each query and key: how far the key lies behind the query."""
        return np.arange(self.width)[None, :] - self.left - np.arange(self.frames)[:, None]

    @property
    def seen(self) -> np.ndarray:
        """Whether each query sees each key, if there is such a key."""
        before, after = (np.array(ends)[self.phases][:, None] for ends in (self.band.before, self.band.after))
        return np.asarray((self.offsets >= -before) & (self.offsets <= after))

    def keys(self, writer: Writer, flow: Flow, meaning: str) -> Value:
        """The frames of a tensor that the queries of a chunk see."""
        cache = max(0, self.delay + self.left - flow.delay)
        joined = writer.cached(flow, cache, 0.0, meaning)
        start = cache + flow.delay - self.delay - self.left
        if (start, self.width) != (0, cache + flow.frames):
            joined = joined.slice(flow.axis, start, start + self.width)
        return joined

    def hidden(
        self, writer: Writer, value: Value, shape: Sequence[int], axes: tuple[int, int], length: Length, fill: float
    ) -> Value:
        """With a number in the place of what no query sees, as the key lies outside the band, or does not exist.

        Args:
            value: of a chunk of queries and keys.
            shape: of it.
            axes: of the queries, and of the keys.
            length: of the keys.
            fill: the number.
        """
        emit, start = writer.emit, self.delay + self.left > 0
        tests = []
        if not self.seen.all():
            tests.append(emit.constant(self._laid(self.seen, len(shape), axes)))
        if start or self.band.ahead:
            there = writer.there(
                self.frames, -self.delay - self.left, self.width, start, length if self.band.ahead else None
            )
            tests.append(there.reshape([self.width if i == axes[1] else 1 for i in range(axes[1], len(shape))]))
        if not tests:
            return value
        writer.masks += 1
        kept = emit("And", *tests) if len(tests) > 1 else tests[0]
        return emit("Where", kept, value, emit.scalar(fill, value.dtype), dtype=value.dtype)

    def table(self, arrays: Sequence[np.ndarray], axes: tuple[int, int]) -> np.ndarray | None:
        """What a constant of all queries and keys is of a chunk; None: it does not depend on the distance alone, within the band.

        Args:
            arrays: the constant, at every length.
            axes: of the queries, and of the keys.
        """
        band = self.band
        lowest, highest = -max(band.before), max(band.after)
        found: dict[tuple[int, int], np.ndarray] = {}
        for array in arrays:
            plane = np.moveaxis(array, axes, (-2, -1))
            for phase in range(band.period):
                for offset in range(-band.before[phase], band.after[phase] + 1):
                    rows = np.arange(phase, plane.shape[-2], band.period)
                    rows = rows[(rows + offset >= 0) & (rows + offset < plane.shape[-1])]
                    if not len(rows):
                        continue
                    values = plane[..., rows, rows + offset]
                    first = found.setdefault((phase, offset), values[..., 0])
                    if first.shape != values.shape[:-1] or not _alike(values, first[..., None]):
                        return None
        distances = sum(before + after + 1 for before, after in zip(band.before, band.after, strict=True))
        if len(found) < distances:  # it was looked at where there are too few frames
            return None
        lead = next(iter(found.values()))
        known = np.zeros((*lead.shape, band.period, highest - lowest + 1), lead.dtype)
        for (phase, offset), value in found.items():
            known[..., phase, offset - lowest] = value
        columns = np.clip(self.offsets - lowest, 0, highest - lowest)
        made = np.where(self.seen, known[..., self.phases[:, None], columns], np.zeros((), lead.dtype))
        return np.moveaxis(made, (-2, -1), axes)

    @staticmethod
    def _laid(rows: np.ndarray, rank: int, axes: tuple[int, int]) -> np.ndarray:
        """Queries by keys, along these axes of a tensor."""
        first = min(axes)
        laid = rows if axes[0] < axes[1] else rows.T
        shape = [1] * (rank - first)
        shape[axes[0] - first], shape[axes[1] - first] = rows.shape
        return np.ascontiguousarray(laid).reshape(shape)


def _alike(values: np.ndarray, first: np.ndarray) -> bool:
    return bool(((values == first) | ((values != values) & (first != first))).all())

"""Arrays from .npy and .npz files: never pickled, no size taken on trust, and none read before it is asked for.

What asks first looks at the shape (`Stored.header`), so that an array that fits no input is never unpacked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

import numpy as np

from rfonnx.data.npy import BROKEN, MAX_ARRAY, read_body, read_header, reason_of
from rfonnx.errors import DataError

MAX_EMPTY = 2**20
"""Rows without elements: they take no bytes, so that nothing else limits their number."""


class Stored:
    """One array of a file, read when it is asked for.

    Attributes:
        label: what messages call it.
        header: what the file says of it.
    """

    def __init__(self, label: str, size: int, open_file: Callable[[], IO[bytes]]) -> None:
        """`size`: bytes with the header; `open_file` starts reading the file anew.

        Raises:
            DataError: it is no array, larger than `MAX_ARRAY`, or cut off.
        """
        self.label, self._open = label, open_file
        with self.opened() as stream:
            self.header = read_header(stream, label)
        if size < self.header.begun + self.header.bytes:
            raise DataError(
                f"{label} is cut off: {size} bytes, expected {self.header.begun + self.header.bytes}", "save it again"
            )

    def opened(self) -> IO[bytes]:
        """The file from its beginning, or DataError."""
        try:
            return self._open()
        except BROKEN as error:
            raise DataError(f"{self.label} cannot be read ({reason_of(error)})", "save it again") from None

    def read(self) -> np.ndarray:
        """The whole array, one sample.

        Raises:
            DataError: it is larger than `MAX_ARRAY`, or cannot be read.
        """
        if self.header.bytes > MAX_ARRAY:
            raise DataError(f"{self.label} has {self.header.bytes} bytes, expected at most {MAX_ARRAY}", "split it")
        with self.opened() as stream:
            header = read_header(stream, self.label)
            if header != self.header:
                raise DataError(f"{self.label} changed while it was read", "run again")
            return read_body(stream, header, self.label)


class Rows:
    """The rows of one stored array.

    Attributes:
        shape: of one row.
        dtype: of its elements.
    """

    def __init__(self, stored: Stored) -> None:
        """See above.

        Raises:
            DataError: it has no axis that counts, is stored by columns, or one row is larger than `MAX_ARRAY`.
        """
        self._stored, label = stored, stored.label
        whole, self.dtype = stored.header.shape, stored.header.dtype
        if not whole:
            raise DataError(f"{label} is a scalar, expected an array whose axis 0 counts the samples", "add that axis")
        if stored.header.by_columns and len(whole) > 1:
            raise DataError(f"{label} is stored column by column", "save numpy.ascontiguousarray of it")
        self.shape = whole[1:]
        self._count = whole[0]
        self._bytes = self.dtype.itemsize * math.prod(self.shape)
        if self._bytes > MAX_ARRAY:
            raise DataError(f"one sample of {label} has {self._bytes} bytes, expected at most {MAX_ARRAY}", "split it")
        if not self._bytes and self._count > MAX_EMPTY:
            raise DataError(f"{label} claims {self._count} samples without elements", "save what the model takes")

    def __len__(self) -> int:
        return self._count

    def rows(self) -> Iterator[Callable[[], np.ndarray]]:
        """One reader per row. Rows that are not read are skipped; in order is fast."""
        with self._stored.opened() as stream:
            begun = read_header(stream, self._stored.label).begun
            for index in range(self._count):
                yield partial(self._row, stream, begun + index * self._bytes, index)

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """All rows in order, `size` at a time, (rows, ...). What can be read before a fault comes before its error.

        Raises:
            DataError: the file is broken at a row.
        """
        with self._stored.opened() as stream:
            read_header(stream, self._stored.label)
            for begin in range(0, self._count, size):
                block = np.empty((min(size, self._count - begin), *self.shape), self.dtype)
                done, problem = self._fill(stream, block.reshape(len(block), -1).view(np.uint8), begin)
                if done:
                    yield block[:done]
                if problem is not None:
                    raise problem

    def _fill(self, stream: IO[bytes], rows: np.ndarray, begin: int) -> tuple[int, DataError | None]:
        """Read as many rows, (rows, bytes), as there are; how many, and what is wrong with the next."""
        for index, row in enumerate(rows):
            try:
                read = stream.readinto(row)  # type: ignore[attr-defined]
            except BROKEN as error:
                return index, self._broken(begin + index, error)
            if read < self._bytes:
                return index, DataError(f"{self._stored.label} is cut off at row {begin + index}", "save it again")
        return len(rows), None

    def _broken(self, index: int, error: BaseException) -> DataError:
        return DataError(f"{self._stored.label} cannot be read at row {index} ({reason_of(error)})", "save it again")

    def _row(self, stream: IO[bytes], start: int, index: int) -> np.ndarray:
        if stream.closed:  # somebody kept a row for later
            with self._stored.opened() as again:
                return self._row(again, start, index)
        try:
            if stream.tell() != start:
                stream.seek(start)
            data = stream.read(self._bytes)
        except BROKEN as error:
            raise self._broken(index, error) from None
        if len(data) < self._bytes:
            raise DataError(f"{self._stored.label} is cut off at row {index}", "save it again")
        return np.frombuffer(data, self.dtype).reshape(self.shape)

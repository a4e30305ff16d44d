"""Arrays from .npy and .npz files, row by row: never pickled, never whole, and no size taken on trust."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from rfonnx.errors import DataError

MAX_ROW = 2**30
"""Bytes of one sample; a larger one is an absurd or hostile file."""


class Rows:
    """The rows of one array in a file.

    Attributes:
        shape: of one row.
        dtype: of its elements.
    """

    def __init__(self, label: str, size: int, open_file: Callable[[], IO[bytes]]) -> None:
        """`label` is what messages call it; `size` its bytes with the header; `open_file` starts reading it anew."""
        self._label, self._open = label, open_file
        with self._open() as stream:
            whole, by_columns, self.dtype = _header(stream, label)
            begun = stream.tell()
        if self.dtype.hasobject:
            raise DataError(f"{label} holds Python objects, which are not read", "save it with a numeric dtype")
        if not whole:
            raise DataError(f"{label} is a scalar, expected an array whose axis 0 counts the samples", "add that axis")
        if by_columns and len(whole) > 1:
            raise DataError(f"{label} is stored column by column", "save numpy.ascontiguousarray of it")
        self.shape = tuple(whole[1:])
        self._count = whole[0]
        self._bytes = self.dtype.itemsize * _product(self.shape)
        if self._bytes > MAX_ROW:
            raise DataError(f"one sample of {label} has {self._bytes} bytes, expected at most {MAX_ROW}", "split it")
        if size < begun + self._count * self._bytes:
            raise DataError(
                f"{label} is cut off: {size} bytes, expected {begun + self._count * self._bytes}", "save it again"
            )

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[np.ndarray]:
        with self._open() as stream:
            _header(stream, self._label)
            for index in range(self._count):
                try:
                    data = stream.read(self._bytes)
                except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
                    raise DataError(f"{self._label} cannot be read at row {index} ({error})", "save it again") from None
                if len(data) < self._bytes:
                    raise DataError(f"{self._label} is cut off at row {index}", "save it again")
                yield np.frombuffer(data, self.dtype).reshape(self.shape)


def array_reader(path: Path) -> dict[str, Rows]:
    """Rows by array name; "" in a .npy file.

    Raises:
        DataError: the file is corrupt, or holds what is not read.
    """
    try:
        if path.suffix.lower() == ".npy":
            return {"": Rows(f"'{path.name}'", path.stat().st_size, lambda: path.open("rb"))}
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
        found: dict[str, Rows] = {}
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            if name in found:
                raise DataError(f"'{path.name}' has two arrays named '{name}'", "save it again")
            found[name] = Rows(f"array '{name}' of '{path.name}'", entry.file_size, _opener(path, entry.filename))
        return found
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(f"'{path}' cannot be read ({error})", "save it again with numpy.save or numpy.savez") from None


def read_array(path: Path) -> np.ndarray:
    """A whole .npy file, one sample.

    Raises:
        DataError: it is corrupt, or larger than a sample may be.
    """
    array: np.ndarray = _whole(path, lambda: np.load(path, allow_pickle=False))
    return array


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a .npz file, together one sample."""

    def read() -> dict[str, np.ndarray]:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_ROW:
                raise ValueError(f"unpacked it has more than {MAX_ROW} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    found: dict[str, np.ndarray] = _whole(path, read)
    return found if len(found) != 1 else {"": next(iter(found.values()))}


def _whole(path: Path, read: Callable[[], Any]) -> Any:
    try:
        if path.stat().st_size > MAX_ROW:
            raise ValueError(f"it has more than {MAX_ROW} bytes")
        return read()
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"'{path.name}' cannot be read ({reason})", "save it again, or leave it out") from None


def _opener(path: Path, entry: str) -> Callable[[], IO[bytes]]:
    def open_entry() -> IO[bytes]:
        archive = zipfile.ZipFile(path)
        stream = archive.open(entry)
        archive.close()  # the entry's stream keeps the file open for itself
        return stream

    return open_entry


def _header(stream: IO[bytes], label: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether columns come first, dtype."""
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, dtype = read(stream)
    except (ValueError, EOFError, zipfile.BadZipFile, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{label} is no array file ({reason})", "save it with numpy.save or numpy.savez") from None
    if any(length < 0 for length in shape):
        raise DataError(f"{label} has the shape {shape}", "save it again")
    return shape, by_columns, dtype


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product

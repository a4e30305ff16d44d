"""Headers of .npy files of strangers: what array follows, judged before a byte of it is read."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.lib import format as npy

from rfonnx.errors import DataError

MAX_ARRAY = 2**30
"""Bytes of one sample's array; a larger one is an absurd or hostile file."""

MAX_AXES = 64
"""numpy's own limit."""

MAX_HEADER = 10_000
"""Bytes of a header: numpy's own limit."""

MAX_LENGTH = 2**40
"""Of one axis. An array without elements takes no bytes, however many rows it claims."""

KINDS = "?biufcSU"
"""numpy's kinds of numbers and text; no dates, no records, no raw bytes."""

BROKEN = (OSError, EOFError, ValueError, TypeError, KeyError, IndexError, SyntaxError, RecursionError, MemoryError,
          OverflowError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)  # fmt: skip
"""What numpy's reader of headers and Python's of archives raise on broken, encrypted and hostile files."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a .npy file says of its array.

    Attributes:
        by_columns: stored in Fortran order.
        begun: offset of its first byte.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    by_columns: bool
    begun: int

    @property
    def bytes(self) -> int:
        """Of the whole array."""
        return self.dtype.itemsize * math.prod(self.shape)


def read_header(stream: IO[bytes], label: str) -> Header:
    """The header at the beginning of a stream, which is left behind it.

    Args:
        label: what messages call the array.

    Raises:
        DataError: it is no header, or of an array that is not read.
    """
    hint = "save it with numpy.save or numpy.savez"
    try:
        version = npy.read_magic(stream)
        first = version == (1, 0)
        length = stream.read(2 if first else 4)
        size = int.from_bytes(length, "little")
        if size > MAX_HEADER:  # before it is read
            raise ValueError(f"a header of {size} bytes, expected at most {MAX_HEADER}")
        read = npy.read_array_header_1_0 if first else npy.read_array_header_2_0
        shape, by_columns, dtype = read(io.BytesIO(length + stream.read(size)))
        begun = stream.tell()
    except Exception as error:  # numpy reads it as Python, and its tokenizer raises errors of its own
        raise DataError(f"{label} is no array file ({reason_of(error)})", hint) from None
    if dtype.hasobject:
        raise DataError(f"{label} holds Python objects, which are not read", "save it with a numeric dtype")
    if dtype.kind not in KINDS or not dtype.itemsize or dtype.subdtype is not None:
        raise DataError(
            f"{label} holds elements of type {dtype!s:.80}, expected numbers", "save it with a numeric dtype"
        )
    if len(shape) > MAX_AXES:
        raise DataError(f"{label} has {len(shape)} axes, expected at most {MAX_AXES}", "reshape it")
    if not all(type(length) is int and 0 <= length <= MAX_LENGTH for length in shape):
        raise DataError(f"{label} has the shape {shape!s:.200}, expected lengths of 0 to 2^40", hint)
    return Header(shape, dtype, by_columns, begun)


def read_body(stream: IO[bytes], header: Header, label: str) -> np.ndarray:
    """The array behind a header that was read from the same stream. The caller has judged the size.

    Raises:
        DataError: it is cut off or cannot be unpacked.
    """
    try:
        data = stream.read(header.bytes)
    except BROKEN as error:
        raise DataError(f"{label} cannot be read ({reason_of(error)})", "save it again") from None
    if len(data) < header.bytes:
        raise DataError(f"{label} is cut off: {len(data)} bytes, expected {header.bytes}", "save it again")
    return np.frombuffer(data, header.dtype).reshape(header.shape, order="F" if header.by_columns else "C")


def reason_of(error: BaseException) -> str:
    """An exception's message in one line of at most 200 characters, else its type."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a class of the user's, whose own text fails
        text = ""
    return (text if len(text) <= 200 else f"{text[:197]}...") or type(error).__name__

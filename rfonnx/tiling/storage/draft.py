"""Outputs while they are made: under a name of their own beside the final one, which is taken when all is there."""

from __future__ import annotations

import errno
import math
import os
import shutil
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rfonnx.data.npy import read_header
from rfonnx.errors import DataError, RfonnxError
from rfonnx.tiling.storage.libraries import tiff_library, zarr_library
from rfonnx.tiling.storage.rows import Rows

CHUNK = 512
"""Longest side of a Zarr chunk."""

FORMATS_WRITTEN = ".npy, .zarr, .tif or .tiff"


class Writable(Protocol):
    """Takes parts."""

    def __setitem__(self, index: Any, value: np.ndarray) -> None: ...


class Draft:
    """An output that is being made."""

    def __init__(self, path: str, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> None:
        """Make the draft, with all the room that it will take; or go on with the one that is there.

        Args:
            path: the final one.
            shape, dtype: of the whole output.
            again: go on with what an earlier run left.

        Raises:
            DataError: the format is not written, or what an earlier run left is another array.
            RfonnxError: it cannot be written: no such folder, no rights, no room.
        """
        self.path = Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        make = {".npy": _npy, ".zarr": _zarr, ".tif": _tiff, ".tiff": _tiff}.get(self.path.suffix.lower())
        if make is None:
            raise DataError(f"{path}: of no format that is written", f"end it in {FORMATS_WRITTEN}")
        try:
            self._array: Any = make(self.partial, shape, dtype, again)
        except OSError as error:
            if not again:
                self.discard()
            raise unwritten(path, error) from error
        if tuple(self._array.shape) != shape or np.dtype(self._array.dtype) != dtype:
            raise DataError(f"{self.partial} is another array than {shape} of {dtype}", "remove it, and begin anew")

    def __setitem__(self, index: tuple[slice, ...], value: np.ndarray) -> None:
        """Write a part.

        Raises:
            RfonnxError: it cannot be written.
        """
        try:
            self._array[index] = value
        except OSError as error:
            raise unwritten(str(self.path), error) from error

    def discard(self) -> None:
        """Remove what there is of it."""
        if self.partial.is_dir():
            shutil.rmtree(self.partial, ignore_errors=True)
        else:
            self.partial.unlink(missing_ok=True)

    def commit(self) -> None:
        """Give it its final name; what had that name before is gone then."""
        before = self.path.with_name(self.path.name + ".before")
        try:
            if self.path.is_dir():
                self.path.rename(before)
            self.partial.replace(self.path)
        except OSError as error:
            raise unwritten(str(self.path), error) from error
        shutil.rmtree(before, ignore_errors=True)


def unwritten(path: str, error: OSError) -> RfonnxError:
    """What the system says, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RfonnxError(
            f"{path} cannot be written: {error.strerror}",
            "make room and run the same command again: finished tiles are kept",
        )
    told = f"{path} cannot be written: {error.strerror or error}"
    return RfonnxError(told, "choose a folder that exists and may be written to")


def _npy(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    if not again:
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": dtype.str, "fortran_order": False, "shape": shape})
            _reserve(file.fileno(), file.tell() + dtype.itemsize * math.prod(shape))
    with path.open("rb") as file:
        header = read_header(file, str(path))
    return Rows(path, header.begun, header.shape, header.dtype, "r+")


def _reserve(descriptor: int, size: int) -> None:
    """Take the room on disk at once: a write into a memory map that finds none ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)


def _zarr(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    zarr = zarr_library()
    if again:
        return zarr.open_array(str(path), mode="r+")
    if path.is_dir():
        shutil.rmtree(path)
    chunks = tuple(min(n, CHUNK) for n in shape)
    return zarr.create_array(str(path), shape=shape, dtype=dtype, chunks=chunks)


def _tiff(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    """A plain BigTIFF, a page for each plane, without compression, so that parts can be written in place."""
    tifffile = tiff_library()
    if not again:
        planes = (*(n for n in shape[:-2] if n > 1), *shape[-2:])
        tifffile.memmap(path, shape=planes, dtype=dtype, bigtiff=True, photometric="minisblack")
        with path.open("r+b") as file:
            _reserve(file.fileno(), path.stat().st_size)
    mapped = tifffile.memmap(path, mode="r")
    if mapped.size != math.prod(shape):
        raise DataError(f"{path} is another image than {shape}", "remove it, and begin anew")
    return Rows(path, mapped.offset, shape, mapped.dtype, "r+")

"""Outputs while they are made: under a name of their own beside the final one, which is taken when all is there."""

from __future__ import annotations

import errno
import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from rfonnx.data.npy import reason_of
from rfonnx.errors import DataError, RfonnxError
from rfonnx.tiling.storage.paths import partial_of
from rfonnx.tiling.storage.pictures import Picture
from rfonnx.tiling.storage.tiled_tiff import Levels
from rfonnx.tiling.storage.writers import WRITERS


class Draft:
    """An output that is being made."""

    def __init__(self, path: str, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> None:
        """Make the draft, with all the room that it will take; or go on with the one that is there.

        Args:
            path: the final one.
            shape, dtype: of the whole output.
            again: go on with what an earlier run left.

        Raises:
            DataError: the format is not written, or does not hold this, or what an earlier run left is another array.
            RfonnxError: it cannot be written: no such folder, no rights, no room.
        """
        self.path, self.partial = Path(path), partial_of(path)
        ending = next((one for one in WRITERS if self.path.name.lower().endswith(one)), None)
        if ending is None:
            raise DataError(f"{path}: of no format that is written", f"end it in {', '.join(WRITERS)}")
        if not again:
            self._room(shape, dtype)
        try:
            self._array: Any = WRITERS[ending](self.partial, shape, dtype, again)
        except OSError as error:
            if not again:
                self.discard()
            raise unwritten(path, error) from error
        except Exception as error:
            if not again:
                raise
            told = f"{self.partial} cannot be gone on with ({reason_of(error)})"
            raise DataError(told, "begin anew with --restart") from error
        if tuple(self._array.shape) != shape or np.dtype(self._array.dtype) != dtype:
            self.close()
            raise DataError(f"{self.partial} is another array than {shape} of {dtype}", "begin anew with --restart")

    def _room(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        """Refuse what no disk holds in words of its own; Zarr is packed, and nobody knows how small it will be."""
        size, free = math.prod(shape) * dtype.itemsize, shutil.disk_usage(self.path.absolute().parent).free
        if size > free and self.path.suffix.lower() != ".zarr":
            told = f"{self.path} takes {size / 2**20:,.1f} MiB, and {free / 2**20:,.1f} MiB are free"
            raise RfonnxError(told, "make room, or write .zarr, which is packed")

    def __setitem__(self, index: tuple[slice, ...], value: np.ndarray) -> None:
        """Write a part.

        Raises:
            RfonnxError: it cannot be written.
        """
        try:
            self._array[index] = value
        except OSError as error:
            raise unwritten(str(self.path), error) from error

    def close(self) -> None:
        """Nothing more is written."""
        if isinstance(self._array, Levels):
            self._array.close()

    def discard(self) -> None:
        """Remove what there is of it."""
        remove(self.partial)

    def commit(self) -> None:
        """Give it its final name, once all is on the disk. A folder that had it before is `put_aside`.

        Raises:
            RfonnxError: it cannot be written.
        """
        self.close()
        before = put_aside(str(self.path))
        try:
            _sync(self.partial)
            if self.path.exists() and (
                self.path.is_dir() or self.partial.is_dir()
            ):  # which cannot be replaced in one step
                remove(before)
                self.path.rename(before)
            if isinstance(self._array, Picture):
                packed = self._array.packed()
                _sync(packed)
                packed.replace(self.path)
                remove(self.partial)  # which a run that ends before goes on with
            else:
                self.partial.replace(self.path)
        except OSError as error:
            raise unwritten(str(self.path), error) from error


def put_aside(path: str) -> Path:
    """Where a folder lies that an output took the name of, until all outputs have theirs."""
    return Path(path).with_name(f".{Path(path).name}.replaced")


def unwritten(path: str, error: OSError) -> RfonnxError:
    """What the system says, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RfonnxError(
            f"{path} cannot be written: {error.strerror}",
            "make room and run the same command again: finished tiles are kept",
        )
    told = f"{path} cannot be written: {error.strerror or error}"
    return RfonnxError(told, "choose a folder that exists and may be written to")


def remove(path: Path) -> None:
    """Remove a file or a folder, where there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file, or all in a folder, is on the disk. What Zarr had begun to write when it was killed is removed."""
    for one in path.rglob("*") if path.is_dir() else [path]:
        if one != path and one.suffix == ".partial":
            one.unlink()
        elif one.is_file():
            with one.open("rb+") as file:
                os.fsync(file.fileno())

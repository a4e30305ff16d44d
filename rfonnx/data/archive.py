"""The arrays of a .npy or .npz file by name, none of them read."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rfonnx.data.arrays import Stored
from rfonnx.data.npy import BROKEN, reason_of
from rfonnx.errors import DataError
from rfonnx.system.regular import open_regular

MAX_ENTRIES = 2**16
"""Files in an archive."""


def stored_arrays(path: Path) -> dict[str, Stored]:
    """Arrays by name; "" in a .npy file. What else lies in an archive is left alone.

    Raises:
        DataError: the file is no regular one, corrupt, encrypted, or holds what is not read.
    """
    try:
        with open_regular(path) as file:  # never waits for a pipe
            size = os.fstat(file.fileno()).st_size
        if path.suffix.lower() == ".npy":
            return {"": Stored(f"'{path.name}'", size, lambda: open_regular(path))}
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
    except BROKEN as error:
        there = not isinstance(error, FileNotFoundError | PermissionError)
        hint = "save it again with numpy.save or numpy.savez" if there else "check the path, and that you may read it"
        raise DataError(f"'{path}' cannot be read ({_words(error)})", hint) from None
    if len(entries) > MAX_ENTRIES:
        raise DataError(f"'{path.name}' holds {len(entries)} arrays, expected at most {MAX_ENTRIES}", "save fewer")
    found: dict[str, Stored] = {}
    for entry in entries:
        name = entry.filename.removesuffix(".npy")
        if name in found:
            raise DataError(f"'{path.name}' has two arrays named '{name}'", "save it again")
        found[name] = Stored(f"array '{name}' of '{path.name}'", entry.file_size, _opener(path, entry))
    return found


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or reason_of(error)


def _opener(path: Path, entry: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def open_entry() -> IO[bytes]:
        with zipfile.ZipFile(path) as archive:
            return archive.open(entry)  # keeps the file open for itself

    return open_entry

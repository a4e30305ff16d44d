"""Opening files of strangers: regular files only. A pipe would be waited for, a device read for ever."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file, or a link to one, for reading bytes. Never waits, whatever the path is.

    What was opened is judged, not what the path was a moment before.

    Raises:
        OSError: it does not exist, cannot be opened, or is a folder, pipe, socket or device.
        ValueError: the path holds a NUL.
    """
    # O_NONBLOCK: a pipe that nobody writes to is opened at once. Windows has neither of the two.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", os.fspath(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """All bytes of a regular file, at most `limit` of them.

    Raises:
        OSError: see `open_regular`; or it holds more (EFBIG).
        ValueError: the path holds a NUL.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = (
            file.read(size + 1) if size <= limit else b""
        )  # room for what is read is taken at once: not for `limit` bytes
        if len(data) > size:  # files of /proc are 0 bytes long by their status, and may grow while they are read
            data += file.read(limit + 1 - len(data))
    if size > limit or len(data) > limit:
        raise OSError(errno.EFBIG, f"holds {max(size, len(data))} bytes", os.fspath(path))
    return data


def digest(path: str | os.PathLike[str]) -> str:
    """sha256 of a regular file.

    Raises:
        OSError: see `open_regular`.
    """
    import hashlib  # brings in OpenSSL, which most commands never ask for

    found = hashlib.sha256()
    with open_regular(path) as file:
        while part := file.read(2**20):
            found.update(part)
    return found.hexdigest()

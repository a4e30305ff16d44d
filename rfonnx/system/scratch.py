"""What is written for a while only: temporary folders and drafts of files, removed however the process ends."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rfonnx.errors import RfonnxError

_kept: set[Path] = set()


def beside(path: Path, ending: str = "part") -> Path:
    """A name for a draft in the folder of a file, over which it can be renamed when it is complete.

    Not by the process's number alone: in containers that share a folder several have the same.
    """
    return path.with_name(f".rfonnx-{os.getpid()}-{os.urandom(4).hex()}.{ending}")


@contextmanager
def kept(path: Path) -> Iterator[Path]:
    """A file or folder that is removed at the end of the body, and by `remove_all`."""
    _kept.add(path)
    try:
        yield path
    finally:
        _remove(path)
        _kept.discard(path)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft that becomes a file at the end of the body: it is there as a whole, or as it was. It keeps its mode, and its owner
    where that is allowed; a link stays, and what it points to is replaced.

    Raises:
        OSError: it cannot be written.
    """
    path = path.resolve()
    with kept(beside(path)) as draft:
        yield draft
        if path.exists():
            state = path.stat()
            with suppress(PermissionError, AttributeError):  # Windows has no owners
                os.chown(draft, state.st_uid, state.st_gid)
            draft.chmod(stat.S_IMODE(state.st_mode))
        draft.replace(path)


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder of its own.

    Raises:
        RfonnxError: there is no place for it.
    """
    import tempfile  # here: the command line imports this module before it answers signals

    try:
        made = Path(tempfile.mkdtemp(prefix="rfonnx-"))
    except OSError as error:
        raise RfonnxError(
            f"no temporary folder can be made ({error.strerror})", "set TMPDIR to a folder that may be written to"
        ) from None
    with kept(made):
        yield made


def remove_all() -> None:
    """Remove whatever is kept now: for a process that ends without leaving its `with` blocks."""
    for path in list(_kept):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # it may not be removed, or its folder is gone: there is nobody to tell

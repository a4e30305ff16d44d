"""The file of records: a line for each model, written as soon as it is known, and read again when a scan goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from rfonnx.errors import DataError
from rfonnx.report.scan.columns import row
from rfonnx.results.plain import FORMAT
from rfonnx.results.scan import ScanRecord
from rfonnx.system import scratch
from rfonnx.system.regular import open_regular

LONGEST = 64 * 2**20
"""Bytes of a line: what is longer was not written by a scan."""


def read_records(path: str | os.PathLike[str]) -> list[ScanRecord]:
    """All records of a file; a last line that was cut off is left out.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        with open_regular(path) as file:
            return list(_records(file, str(path)))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check the name") from None


def _records(file: BinaryIO, name: str) -> Iterator[ScanRecord]:
    for number, line in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
        if not line.endswith(b"\n"):
            return  # the scan was killed while it wrote
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            by = f"of format {found['format']}, which a newer rfonnx writes; this one reads {FORMAT}"
            raise DataError(f"{name}: line {number} is {by}", "update rfonnx, or scan anew into another file")
        if not _is_record(found):
            raise DataError(f"{name}: line {number} is no record of a scan", "give a file that `rfonnx scan -o` wrote")
        yield cast(ScanRecord, found)


def _is_record(found: Any) -> bool:
    """Whether it has what every reader of records relies on."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return False
    kinds: Mapping[str, type | tuple[type, ...]] = {
        "rfonnx": str,
        "model": str,
        "sha256": str,
        "asked": str,
        "bytes": int,
        "state": str,
        "reason": str,
        "seconds": (int, float),
        "report": (dict, type(None)),
    }
    return all(isinstance(found.get(key), kind) for key, kind in kinds.items()) and _is_shown(found)


def _is_shown(found: Any) -> bool:
    """Whether a table can be made of it."""
    try:
        return bool(row(found))
    except (LookupError, TypeError, AttributeError, ValueError):
        return False


class Journal:
    """Records as they come.

    Attributes:
        kept: records that were there and still hold, by model.
    """

    def __init__(self, file: BinaryIO, kept: Mapping[str, ScanRecord]) -> None:
        self._file = file
        self.kept = kept

    def write(self, record: ScanRecord) -> None:
        """One more line, whole or not at all."""
        self._file.write(line(record))
        self._file.flush()


def line(record: ScanRecord) -> bytes:
    """A record as a line of JSON."""
    return json.dumps(record, allow_nan=False).encode() + b"\n"


@contextmanager
def journal(
    path: Path, checksum: Callable[[str], str | None], holds: Callable[[ScanRecord], bool]
) -> Iterator[Journal]:
    """Open a file of records to go on with it. What holds no longer is taken out first.

    Args:
        path: of the file; it need not be there.
        checksum: gives the sha256 of a model's file, None where it is none of this scan.
        holds: whether a record was made as one would be made now, of the same file.

    Raises:
        DataError: the file holds something else, cannot be written, or another scan writes it.
    """
    try:
        with _locked(path) as file:
            kept = {
                one["model"]: one
                for one in _records(file, str(path))
                if holds(one) and one["sha256"] == checksum(one["model"])
            }
            lines = b"".join(map(line, kept.values()))
            file.seek(0)
            if file.read() == lines:
                yield Journal(file, kept)
                return
            with ExitStack() as locks:
                with scratch.replacing(path) as draft:
                    draft.write_bytes(lines)
                    fresh = locks.enter_context(_locked(draft))  # before anybody else can find it
                fresh.seek(0, os.SEEK_END)
                yield Journal(fresh, kept)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}", "give another name with -o") from None


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """A file that is opened by one scan at a time, at its beginning; made where it is not there."""
    with path.open("a+b") as file:
        _lock(file, path)
        if os.fstat(file.fileno()).st_ino != path.stat().st_ino:
            raise _taken(path)  # replaced between the two
        file.seek(0)
        yield file


def _taken(path: Path) -> DataError:
    return DataError(f"{path}: another scan writes this file", "wait for it, or give another name with -o")


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise _taken(path) from None

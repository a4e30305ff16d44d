"""Paths of a run: nothing of the user's is in the way of what is written, and whether a file changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from rfonnx.errors import DataError

ZARR = ("zarr.json", ".zarray", ".zgroup")
"""Of these files each Zarr folder has one."""


def partial_of(path: str) -> Path:
    """Where an output lies while it is made."""
    return Path(f"{Path(path)}.partial")


def journal_of(path: str) -> Path:
    """Where a run notes what is done; of several outputs: beside the first."""
    return Path(f"{Path(path)}.journal")


def keep_files(inputs: Iterable[str], outputs: Iterable[str], overwrite: bool) -> None:
    """Refuse outputs that are inputs, or in the way of what is there.

    Args:
        inputs: files that are read, the model among them.
        outputs: what is written.
        overwrite: files, and folders of Zarr, may be replaced; where there is a journal, `keep_old` asks later.

    Raises:
        DataError: it would be lost.
    """
    outputs, taken = list(outputs), set[Path]()
    for output in outputs:
        path = Path(output)
        for one in (path, partial_of(output), journal_of(output)):
            for given in inputs:
                if _overlap(one, Path(given)):
                    raise DataError(f"{output} is an input of this run", "give the output a name of its own")
        if not path.absolute().parent.is_dir():
            raise DataError(f"{output} cannot be written: there is no such folder", "choose a folder that exists")
        if path.exists() and not (path.is_file() or any((path / one).is_file() for one in ZARR)):
            raise DataError(f"{output} is no file and no Zarr folder, and is not replaced", "choose another name")
        if path.resolve() in taken:
            raise DataError("two outputs have one path", "give each its own")
        taken.add(path.resolve())
    first = outputs[0]
    if not journal_of(first).exists():
        keep_old(outputs, overwrite)
    for output in outputs:
        if partial_of(output).exists() and not journal_of(first).exists():
            raise DataError(
                f"{partial_of(output)} is there, and no {journal_of(first).name} to go on with it",
                "remove it, or rename it",
            )


def keep_old(outputs: Iterable[str], overwrite: bool) -> None:
    """Refuse to replace what is there.

    Raises:
        DataError: it would be lost.
    """
    for output in outputs:
        if Path(output).exists() and not overwrite:
            raise DataError(f"{output} is there already", "choose another name, or pass --overwrite")


def _overlap(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file or folder, or to a folder and what lies in it."""
    try:
        a, b = one.resolve(), other.resolve()
        return a.is_relative_to(b) or b.is_relative_to(a) or a.samefile(b)
    except (OSError, ValueError):  # nothing there, or a path with a NUL
        return False


def stamp(path: str) -> str:
    """What changes when a file does: its size and time, and those of the description of a folder."""
    file = Path(path)
    states = [one.stat() for one in ([file] if file.is_file() else sorted(file.rglob("*.json")) or [file])]
    return json.dumps([[state.st_size, state.st_mtime_ns] for state in states])

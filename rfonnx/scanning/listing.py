"""Which models a scan is of: folders, patterns, lists and addresses become files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rfonnx.errors import DataError
from rfonnx.system.named import NamedTuple

MODEL = ".onnx"
LISTS = ("", ".txt", ".list")
"""Endings of files that hold names of models, a line each."""


class Listed(NamedTuple):
    """A model.

    Attributes:
        name: what records call it: as it was found.
        remote: it is no file of this machine, but an address that fsspec opens.
    """

    name: str
    remote: bool = False


def listed(words: Sequence[str]) -> list[Listed]:
    """The models of all words, each once however it is spelt, in the order of the words and of names.

    Args:
        words: folders (all `*.onnx` below them), patterns (`models/**/*.onnx`), models, lists of models (`.txt`; a line each,
            beside the list where they are relative, `#` begins a comment), addresses (`s3://bucket/models`).

    Raises:
        DataError: a word stands for nothing that is there.
    """
    found: dict[str, Listed] = {}
    for word in words:
        models = list(_of(word)) if word else []
        if not models:
            raise DataError(
                f"{word or 'an empty name'}: there are no models",
                "give a folder, a pattern, a list or a file that ends in .onnx",
            )
        for one in models:
            found.setdefault(one.name if one.remote else _place(one.name), one)
    return list(found.values())


def _place(name: str) -> str:
    """Where a file lies, however it is spelt; one that is a link lies where the link does."""
    folder, file = os.path.split(name)
    return os.path.join(os.path.realpath(folder), file)  # noqa: PTH118  # Path would read names that are no text anew


def _of(word: str) -> Iterator[Listed]:
    if "://" in word:
        from rfonnx.scanning.remote import addresses

        yield from (Listed(name, remote=True) for name in addresses(word))
        return
    path = Path(word)
    if path.is_dir():
        yield from map(Listed, _below(path))
    elif path.suffix.lower() == MODEL:
        if not path.exists() and glob.has_magic(word):
            yield from _matching(word)
        else:
            yield Listed(word)
    elif path.is_file():
        if path.suffix.lower() not in LISTS:
            raise DataError(f"{word} is neither a model nor a list", "end models in .onnx, lists in .txt")
        yield from _lines(path)
    elif glob.has_magic(word):
        yield from _matching(word)
    else:
        raise DataError(f"{word}: no such file or folder", "check the name")


def _below(folder: Path) -> Iterator[str]:
    """All models below a folder; folders that are links are not entered. One that cannot be listed stands for what is in it."""
    closed: list[str] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: closed.append(error.filename)):
        folders.sort()
        yield from (str(Path(here) / name) for name in sorted(files) if name.lower().endswith(MODEL))
    yield from closed


def _matching(pattern: str) -> Iterator[Listed]:
    for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207  # pathlib's takes no absolute ones
        if Path(name).is_dir():
            yield from map(Listed, _below(Path(name)))
        elif name.lower().endswith(MODEL):
            yield Listed(name)


def _lines(path: Path) -> Iterator[Listed]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: the list cannot be read ({error})", "give a text file in UTF-8, a model a line"
        ) from None
    for line in lines:
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if "://" in name:
            yield Listed(name, remote=True)
        else:
            yield Listed(name if Path(name).is_absolute() else str(path.parent / name))

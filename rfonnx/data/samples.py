"""Where samples come from: a folder, one file, or a seeded generator. One at a time; nothing is read before it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from rfonnx.data.archive import stored_arrays
from rfonnx.data.arrays import Rows
from rfonnx.data.images import IMAGES, read_image
from rfonnx.data.labels import class_numbers
from rfonnx.data.lazy import Lazy
from rfonnx.data.npy import MAX_ARRAY
from rfonnx.errors import DataError
from rfonnx.results.plain import counted

KNOWN = (*IMAGES, ".npy", ".npz")
"""Endings of the files in a folder that are samples."""

LABELS = "labels"
"""The array of a .npz file that holds true classes and is no input."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample, without a batch axis.

    Attributes:
        name: file name, or file name and row.
        arrays: by name; "" where the file gives none.
        image: the one array is an image: uint8, (H, W) or (H, W, channels).
        label: its true class, where known.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    image: bool = False
    label: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Several samples of equal shape.

    Attributes:
        names: of the samples.
        arrays: by name, samples along axis 0.
        labels: true classes, -1 where none is known.
    """

    names: list[str]
    arrays: Mapping[str, np.ndarray]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Item:
    """A sample that has not been read yet; `load` raises DataError when it cannot be."""

    name: str
    load: Callable[[], Sample]


class SampleSource(Protocol):
    """Samples in a fixed order."""

    @property
    def description(self) -> str: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Item]: ...


def open_source(path: str | os.PathLike[str]) -> SampleSource:
    """The samples of a folder or file.

    Raises:
        DataError: it does not exist, is of no kind that is read, or holds no samples.
    """
    place = Path(path)
    if place.is_dir():
        return Folder(place)
    if not place.exists():
        raise DataError(f"data '{place}' does not exist", "give a folder of images, a .npy or a .npz file")
    if not place.is_file():
        raise DataError(
            f"data '{place}' is neither a file nor a folder", "give a folder of images, a .npy or a .npz file"
        )
    suffix = place.suffix.lower()
    if suffix in (".npy", ".npz"):
        return Stack(place)
    if suffix in IMAGES:
        return Files(place.parent, [place], place.name)
    raise DataError(f"data '{place}' is of no kind that is read", f"give .npy, .npz, or an image ({', '.join(IMAGES)})")


class Files:
    """One sample per file."""

    def __init__(self, root: Path, files: list[Path], description: str) -> None:
        self._root, self._files, self.description = root, files, description

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Item]:
        for path in self._files:
            name = path.relative_to(self._root).as_posix()
            yield Item(name, lambda path=path, name=name: read_sample(path, name))  # type: ignore[misc]


class Folder(Files):
    """All images and arrays of a folder and the folders in it, in order of their paths. Links to folders are not followed."""

    def __init__(self, root: Path) -> None:
        files = []
        for folder, inner, names in os.walk(root):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            files += [
                Path(folder, name)
                for name in sorted(names)
                if not name.startswith(".") and os.path.splitext(name)[1].lower() in KNOWN  # noqa: PTH122  a million names
            ]
        if not files:
            raise DataError(f"folder '{root}' holds no samples", f"expected files like {', '.join(KNOWN)}")
        super().__init__(root, files, f"{len(files)} files in {root}")


def read_sample(path: Path, name: str) -> Sample:
    """One file as one sample.

    Raises:
        DataError: it is corrupt, or too large.
    """
    if path.suffix.lower() not in (".npy", ".npz"):
        return Sample(name, {"": read_image(path, name)}, image=True)
    found = stored_arrays(path)
    total = sum(stored.header.bytes for stored in found.values())
    if total > MAX_ARRAY:
        raise DataError(f"'{name}' holds {total} bytes of arrays, expected at most {MAX_ARRAY}", "leave it out")
    if len(found) == 1:
        found = {"": next(iter(found.values()))}
    return Sample(name, Lazy({key: (stored.header.shape, stored.read) for key, stored in found.items()}))


class Stack:
    """The rows of the arrays in one .npy or .npz file. Images when it is one uint8 array of (n, H, W) or (n, H, W, 1|3|4)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = stored_arrays(path)
        labels = found.pop(LABELS, None)
        self._labels = None if labels is None else class_numbers(labels)
        self._rows = {name: Rows(stored) for name, stored in found.items()}
        if not self._rows:
            raise DataError(f"data '{path}' holds no arrays", "save at least one with numpy.savez")
        counts = {name: len(rows) for name, rows in self._rows.items()}
        if self._labels is not None:
            counts[LABELS] = len(self._labels)
        if len(set(counts.values())) > 1:
            told = ", ".join(f"'{name}' {count}" for name, count in counts.items())
            raise DataError(
                f"the arrays of '{path}' have different lengths: {told}", "axis 0 counts the samples of each"
            )
        self._count = next(iter(counts.values()))
        if not self._count:
            raise DataError(f"data '{path}' holds no samples: axis 0 has length 0", "axis 0 counts the samples")
        self._image = len(self._rows) == 1 and all(_is_images(rows) for rows in self._rows.values())
        self.description = f"{counted(self._count, 'row')} of {path.name}"

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        alone = len(self._rows) == 1
        streams = {"" if alone else name: (rows.shape, rows.rows()) for name, rows in self._rows.items()}
        file = self._path.name
        for index in range(self._count):
            name = f"{file}[{index}]"
            arrays = Lazy({key: (shape, next(readers)) for key, (shape, readers) in streams.items()})
            label = None if self._labels is None else int(self._labels[index])
            sample = Sample(name, arrays, self._image, label)
            yield Item(name, lambda sample=sample: sample)  # type: ignore[misc]

    def stored(self) -> dict[str, tuple[tuple[int, ...], np.dtype]] | None:
        """Shape of one row and type of each array, by name; None for images, which are taken one by one."""
        return None if self._image else {name: (rows.shape, rows.dtype) for name, rows in self._rows.items()}

    def blocks(self, size: int) -> Iterator[Block]:
        """All samples in order, `size` at a time, or fewer before an error.

        Raises:
            DataError: the file is broken.
        """
        streams = {name: rows.blocks(size) for name, rows in self._rows.items()}
        file, begin = self._path.name, 0
        while begin < self._count:
            arrays = {name: next(stream) for name, stream in streams.items()}
            count = min(map(len, arrays.values()))
            known = [-1] * count if self._labels is None else self._labels[begin : begin + count].tolist()
            names = [f"{file}[{index}]" for index in range(begin, begin + count)]
            yield Block(names, {name: array[:count] for name, array in arrays.items()}, known)
            begin += count


def _is_images(rows: Rows) -> bool:
    shape = rows.shape
    return rows.dtype == np.uint8 and (len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3, 4)))

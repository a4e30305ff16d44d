"""Outputs of both models written to a .npz file while they are compared, to be compared again without running the models.

The file is numpy's: `numpy.load(path)` reads it, and nothing in it is pickled. Its arrays, samples along axis 0:

- `samples`: the samples' names; `labels`: their true classes, where known;
- `teacher/NAME`, `student/NAME`: each output, in its own type;
- `provenance`: one text, JSON: the models' names and SHA-256, versions, and what the samples were.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import numpy as np
from numpy.lib import format as npy

from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.comparing.pairs.saved import LABELS, PROVENANCE, SAMPLES, SavedModel
from rfonnx.errors import DataError, RfonnxError
from rfonnx.results.plain import shape_text
from rfonnx.system import scratch
from rfonnx.version import __version__

FORMAT = 1
"""Of the file; told in the provenance."""

CHUNK = 2**20


def entry_name(role: str, output: str) -> str:
    """Name in the archive of a model's output: what may act on a path is written as %XX.

    >>> entry_name("teacher", "../scores:0")
    'teacher/%2E%2E/scores:0'
    """
    return f"{role}/" + quote(output, safe="/:.,()[]{}=+-_ @").replace("..", "%2E%2E")


class Saver:
    """Takes outputs batch by batch; memory holds none of them. `close` makes the file."""

    def __init__(self, path: Path, folder: Path, files: ExitStack) -> None:
        """`folder` is for drafts, on the file system of `path`; `files` closes them."""
        self._path, self._folder, self._files = path, folder, files
        self._columns: dict[str, _Column] = {}
        self._names, self._longest = files.enter_context((folder / "names").open("w+b")), 1
        self._count = 0

    def add(self, names: Sequence[str], labels: np.ndarray, made: Mapping[tuple[str, str], np.ndarray]) -> None:
        """Keep the outputs of some samples, by role and output.

        Raises:
            DataError: an output has another shape or type than before.
            RfonnxError: the disk is full.
        """
        try:
            for name in names:
                self._longest = max(self._longest, len(name))
                self._names.write(json.dumps(name).encode() + b"\n")
            for key, rows in {**{entry_name(*key): rows for key, rows in made.items()}, LABELS: labels}.items():
                if key not in self._columns:
                    file = self._files.enter_context((self._folder / str(len(self._columns))).open("w+b"))
                    self._columns[key] = _Column(file, rows)
                self._columns[key].add(key, rows)
            self._count += len(names)
        except OSError as error:
            raise _unwritten(self._path, error) from None

    def close(self, provenance: Mapping[str, Any]) -> None:
        """Write the archive, and put it in place whole.

        Raises:
            RfonnxError: it cannot be written.
        """
        columns = dict(self._columns)
        if LABELS in columns and not columns[LABELS].any_known:
            del columns[LABELS]
        try:
            with scratch.kept(self._folder / "archive") as draft:
                with zipfile.ZipFile(draft, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
                    self._write_texts(archive, PROVENANCE, [json.dumps(provenance)])
                    self._write_texts(archive, SAMPLES, self._sample_names(), self._count, self._longest)
                    for key, column in columns.items():
                        with _entry(archive, key, column.dtype, (self._count, *column.shape)) as stream:
                            column.copy(stream)
                    archive.comment = f"rfonnx {__version__}".encode()
                if self._path.exists():
                    shutil.copymode(self._path, draft)
                os.replace(draft, self._path)  # noqa: PTH105  the name says what it does to what was there
        except OSError as error:
            raise _unwritten(self._path, error) from None

    def _sample_names(self) -> Iterator[str]:
        self._names.seek(0)
        for line in self._names:
            yield json.loads(line)

    @staticmethod
    def _write_texts(
        archive: zipfile.ZipFile, key: str, texts: Sequence[str] | Iterator[str], count: int = 1, width: int = 0
    ) -> None:
        """Texts as an array of numpy's fixed width; `width` characters, or those of the one text."""
        if isinstance(texts, Sequence):
            width = max(map(len, texts))
        dtype = np.dtype(f"<U{max(1, width)}")
        with _entry(archive, key, dtype, (count,)) as stream:
            for text in texts:
                stream.write(np.array(text, dtype).tobytes())


class _Column:
    """Rows of one output in a draft."""

    def __init__(self, file: IO[bytes], first: np.ndarray) -> None:
        self._file = file
        self.shape, self.dtype = first.shape[1:], first.dtype
        self.any_known = False

    def add(self, key: str, rows: np.ndarray) -> None:
        if rows.shape[1:] != self.shape or rows.dtype != self.dtype:
            raise DataError(
                f"{key} is {shape_text(rows.shape[1:])} of {rows.dtype} on one sample and {shape_text(self.shape)} of "
                f"{self.dtype} on others: such outputs are not saved",
                "leave --save-outputs out, or leave that output out with --map",
            )
        self.any_known = self.any_known or (key == LABELS and bool((rows >= 0).any()))
        self._file.write(np.ascontiguousarray(rows).tobytes())

    def copy(self, stream: IO[bytes]) -> None:
        self._file.seek(0)
        while data := self._file.read(CHUNK):
            stream.write(data)


@contextmanager
def _entry(archive: zipfile.ZipFile, key: str, dtype: np.dtype, shape: tuple[int, ...]) -> Iterator[IO[bytes]]:
    with archive.open(f"{key}.npy", "w", force_zip64=True) as stream:
        head = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(stream, head)
        yield stream


@contextmanager
def saver(path: Path | None) -> Iterator[Saver | None]:
    """A `Saver` whose drafts lie in a folder beside `path`, removed at the end; None for None."""
    if path is None:
        yield None
        return
    path = path.resolve()  # a link stays, and what it points to is replaced
    folder = scratch.beside(path, "drafts")
    try:
        folder.mkdir()
    except OSError as error:
        raise _unwritten(path, error) from None
    with scratch.kept(folder), ExitStack() as files:
        yield Saver(path, folder, files)


def save_path(pair: Pair) -> Path | None:
    """Where outputs are saved, or None.

    Raises:
        DataError: it is one of the files that are compared or holds their samples, or does not end in .npz.
    """
    asked = pair.settings.save_outputs
    if asked is None:
        return None
    path = Path(asked)
    if path.suffix.lower() != ".npz":
        raise DataError(f"--save-outputs {path} does not end in .npz, which is what it writes", "give it that ending")
    if path.exists() and not path.is_file():
        raise DataError(f"--save-outputs {path} is no regular file", "give it a file of its own")
    for source in (*(model.source.given for model in pair.models), pair.settings.data):
        given = isinstance(source, str | os.PathLike) and Path(source).exists()
        if given and path.exists() and path.samefile(source):  # type: ignore[arg-type]
            raise DataError(f"--save-outputs {path} is an input of this run", "give it a file of its own")
    return path


def provenance(model: OpenModel) -> dict[str, Any]:
    """Where a model's outputs come from: its name, and the SHA-256 of its file and of its weights' files."""
    import onnxruntime

    if isinstance(model, SavedModel):
        return model.of
    found: dict[str, Any] = {"name": model.name, "rfonnx": __version__, "onnxruntime": onnxruntime.__version__}
    source = model.source.given
    if isinstance(source, bytes):
        found["sha256"] = hashlib.sha256(source).hexdigest()
    elif isinstance(source, str | os.PathLike):
        found["sha256"] = _digest(Path(source))
        if model.source.weight_files:
            found["weights"] = {name: _digest(path) for name, path in model.source.weight_files.items()}
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unwritten(path: Path, error: OSError) -> RfonnxError:
    return RfonnxError(
        f"--save-outputs {path} cannot be written: {error.strerror or error}",
        "choose a folder that exists, may be written to, and has room",
    )

"""Outputs that were saved in a .npz file, in the place of the model that gave them: see `rfonnx.comparing.pairs.saving`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from rfonnx.comparing.pairs.axes import SampleAxes
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.comparing.pairs.matching import Port
from rfonnx.comparing.pairs.running_model import DTYPES, OpenModel
from rfonnx.data.archive import stored_arrays
from rfonnx.data.arrays import Rows
from rfonnx.data.labels import class_numbers
from rfonnx.data.samples import Item, Sample
from rfonnx.errors import DataError, ShapeError
from rfonnx.model.opened import opened

SAMPLES, LABELS, PROVENANCE = "samples", "labels", "provenance"
"""Arrays of the file that are no outputs."""

MAX_TEXT = 2**20
"""Bytes of the provenance, and of one name."""

ROLES = ("teacher", "student")


def is_saved(source: object) -> bool:
    """Whether a model is given as the file of its outputs: by the file's ending."""
    return isinstance(source, str | os.PathLike) and os.fspath(source).lower().endswith(".npz")


class SavedModel(OpenModel):
    """What stands for a model that is not there: it takes no inputs and is not run; its outputs come in the order saved.

    A file of `--save-outputs` holds those of both models, of which the role's are taken. Any other .npz file is read as one
    array per output, samples along axis 0, with their names in an array `samples` where it has one.

    Attributes:
        path, provenance, count: the file, what it says of its origin, and how many samples it holds.
        skipped: names of samples that were left out, and whose outputs are passed over.
    """

    def __init__(self, role: str, path: str | os.PathLike[str]) -> None:
        """Open the file.

        Raises:
            DataError: it is broken, or holds no outputs, or not equally many samples of each.
        """
        self.role, self.path = role, Path(path)
        self.source = opened(self.path)
        self.name = self.path.name
        self.label = f"{role} '{path}' (saved outputs)"
        self.values: dict[str, np.ndarray] = {}
        self.inputs: list[Port] = []
        arrays = stored_arrays(self.path)
        self._labels = class_numbers(arrays.pop(LABELS)) if LABELS in arrays else None
        rows = {name: Rows(stored) for name, stored in arrays.items()}
        self.provenance = _provenance(self.path, rows.pop(PROVENANCE, None))
        names = rows.pop(SAMPLES, None)
        if any(name.startswith(f"{role}/") for name in rows):
            rows = {unquote(name.partition("/")[2]): own for name, own in rows.items() if name.startswith(f"{role}/")}
        elif any(name.startswith(tuple(f"{one}/" for one in ROLES)) for name in rows):
            raise DataError(f"'{self.path}' holds no outputs of a {role}", "save them with --save-outputs")
        self._stored = rows
        self._names = _checked_names(self.path, names)
        self.count = _count(self.path, {**rows, SAMPLES: names, LABELS: self._labels})
        self.outputs = [Port(name, _type(self.path, name, own.dtype), ("", *own.shape)) for name, own in rows.items()]
        self.axes = SampleAxes({}, dict.fromkeys(rows, 0))
        self.uncounted: set[str] = set()
        self.skipped: set[str] = set()
        self._reading: Iterator[tuple[str, dict[str, Any]]] = self._read()

    def check_seed(self, seed: int) -> None:
        """Random samples are named alike whatever their seed.

        Raises:
            DataError: the outputs are not known to be those of random samples of this seed.
        """
        if self.provenance.get("seed") != seed:
            raise DataError(
                f"the {self.label} is not of random samples with seed {seed}",
                "give the --data that the outputs were saved of, or its --seed",
            )

    @property
    def of(self) -> dict[str, Any]:
        """What the file says of the model that gave the outputs; nothing where it does not."""
        of = self.provenance.get(self.role)
        return of if isinstance(of, dict) else {}

    def told(self) -> str:
        """Where the outputs come from, in words."""
        of = self.of
        if not of:
            return f"saved in '{self.name}', which does not say by what"
        return f"of '{of.get('name')}', SHA-256 {str(of.get('sha256'))[:12]}, saved by rfonnx {of.get('rfonnx')}"

    @property
    def description(self) -> str:
        """What the samples are, where no model runs and no data is given."""
        return f"{self.count} samples whose outputs are in {self.name}"

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Item]:
        """The samples' names and true classes, as samples that hold no arrays: for a comparison that runs no model."""
        labels: Iterable[int | None] = repeat(None) if self._labels is None else self._labels.tolist()
        for name, label in zip(self._sample_names(), labels, strict=False):  # `_count`: as many as names
            yield Item(name, lambda name=name, label=label: Sample(name, {}, label=label))  # type: ignore[misc]

    def run_rows(
        self, rows: Mapping[str, np.ndarray], names: Sequence[str], outputs: Sequence[str], most: int
    ) -> list[np.ndarray]:
        """Outputs of the next samples, stacked; those of `skipped` ones are passed over.

        Raises:
            DataError: the next samples have other names, or there are none.
        """
        found = [self._row(name) for name in names]
        return [np.stack([row[output]() for row in found]) for output in outputs]

    def _row(self, name: str) -> Mapping[str, Any]:
        for own, row in self._reading:
            if own == name or self._names is None:
                return row
            if own not in self.skipped:
                raise DataError(
                    f"the {self.label} has sample '{own}' where the other side has '{name}'",
                    "compare over the samples that the outputs were saved of, in the same order",
                )
        raise DataError(
            f"the {self.label} has {self.count} samples, and none for '{name}'",
            f"compare over the samples that the outputs were saved of, or give --samples {self.count}",
        )

    def left(self) -> int:
        """How many saved samples were not asked for."""
        return sum(1 for _ in self._reading)

    def _read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        readers = {name: rows.rows() for name, rows in self._stored.items()}
        for name in self._sample_names():
            yield name, {output: next(reader) for output, reader in readers.items()}

    def _sample_names(self) -> Iterator[str]:
        if self._names is None:
            yield from (f"{self.name}[{index}]" for index in range(self.count))
        else:
            yield from (str(read()[()]) for read in self._names.rows())

    def run(self, feeds: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Not possible: there is no model."""
        raise ShapeError(f"the {self.label} cannot be run", "give the model")

    def feed_of(self, sample: Mapping[str, np.ndarray]) -> Feed:
        """Inputs of a run: none."""
        return {}


def _count(path: Path, rows: Mapping[str, Sized | None]) -> int:
    counts = {name: len(own) for name, own in rows.items() if own is not None}
    if not set(counts) - {SAMPLES, LABELS}:
        raise DataError(f"'{path}' holds no outputs", "save an array per output, samples along axis 0")
    if len(set(counts.values())) > 1:
        told = ", ".join(f"'{name}' {count}" for name, count in list(counts.items())[:8])
        raise DataError(f"the arrays of '{path}' have different lengths: {told}", "axis 0 counts the samples of each")
    count = next(iter(counts.values()))
    if not count:
        raise DataError(f"'{path}' holds the outputs of no sample", "save those of one at least")
    return count


def _checked_names(path: Path, names: Rows | None) -> Rows | None:
    if names is not None and (names.shape or names.dtype.kind != "U" or names.dtype.itemsize > MAX_TEXT):
        raise DataError(
            f"the array '{SAMPLES}' of '{path}' holds {names.dtype!s:.80} of {len(names.shape) + 1} axes, expected one name "
            "per sample",
            "save numpy.array(names), or leave it out",
        )
    return names


def _provenance(path: Path, rows: Rows | None) -> dict[str, Any]:
    """What the file says of its origin; it is shown, and nothing else depends on it."""
    if rows is None:
        return {}
    if rows.shape or len(rows) != 1 or rows.dtype.kind != "U" or rows.dtype.itemsize > MAX_TEXT:
        raise DataError(f"the provenance of '{path}' is no text", "save it again with --save-outputs")
    try:
        found = json.loads(str(next(rows.rows())()[()]))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DataError(f"the provenance of '{path}' cannot be read", "save it again with --save-outputs")
    return found


def _type(path: Path, name: str, dtype: np.dtype) -> str:
    """onnxruntime's word for the type."""
    for word, own in DTYPES.items():
        if dtype == np.dtype(own):
            return f"tensor({word})"
    raise DataError(f"array '{name}' of '{path}' holds elements of type {dtype!s:.80}, expected numbers", "convert it")

"""One of the two models, opened: its session, its ports, and runs over batches of any size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rfonnx.compare.matching import Port
from rfonnx.errors import DataError, ModelError, ShapeError
from rfonnx.graph.external import external_files
from rfonnx.graph.read import Bound, Source, as_given, bound_values, name_of, read_model
from rfonnx.runtime import Level, open_session, run

if TYPE_CHECKING:
    import onnxruntime

DTYPES = {
    "float": "float32", "double": "float64", "float16": "float16", "int64": "int64", "int32": "int32", "int16": "int16",
    "int8": "int8", "uint64": "uint64", "uint32": "uint32", "uint16": "uint16", "uint8": "uint8", "bool": "bool",
}  # fmt: skip
"""numpy's names of onnxruntime's element types."""


class OpenModel:
    """A model under onnxruntime.

    Attributes:
        role: "teacher" or "student".
        label: what messages call it.
        source: what it was opened from.
        values: of the bound inputs, by name; these are no ports.
        inputs, outputs: its ports.
        batch: the batch size that the file fixes, or None.
    """

    def __init__(self, role: str, source: Source, threads: int | None, provider: str | Sequence[str] | None) -> None:
        """Open a session.

        Raises:
            ModelError: the file cannot be read, or onnxruntime does not take it.
        """
        self.role, self.source = role, source
        self.label = f"{role} '{name_of(source)}'"
        self.name = Path(name_of(source)).name
        self.values = bound_values(source)
        if isinstance(as_given(source), str | os.PathLike):
            # onnxruntime says less about a broken file, or about weights that are not there.
            proto, _, folder = read_model(source)
            for name in external_files(proto):
                if not (folder is None or (folder / name).is_file()):
                    raise ModelError(
                        f"{name_of(source)}: its weights lie in '{name}', which is not there", "put it beside the model"
                    )
        self._session = session_of(source, providers=provider, threads=threads)
        self.inputs = [Port(p.name, p.type, tuple(p.shape)) for p in self._session.get_inputs()]
        self.outputs = [Port(p.name, p.type, tuple(p.shape)) for p in self._session.get_outputs()]
        first = {p.shape[0] for p in self.inputs if p.shape and isinstance(p.shape[0], int)}
        self.batch: int | None = min(first) if first else None

    def dtype(self, port: Port) -> np.dtype:
        """numpy's type of an input.

        Raises:
            DataError: it is no tensor of numbers.
        """
        word = port.type.removeprefix("tensor(").removesuffix(")")
        if not port.type.startswith("tensor(") or word not in DTYPES:
            raise DataError(
                f"input {port} of the {self.label} is no tensor of numbers", "compare models without such inputs"
            )
        return np.dtype(DTYPES[word])

    def run(self, feeds: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Outputs of one run, as onnxruntime gives them.

        Raises:
            ShapeError: the model does not take these arrays.
        """
        return run(self._session, list(outputs), feeds, self.label)

    def stacked(self, sample: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One sample as a batch: of 1, or as often as the file's batch size asks."""
        return {name: np.stack([array] * (self.batch or 1)) for name, array in sample.items()}

    def run_rows(self, rows: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Outputs over stacked samples; axis 0 counts the samples, of the inputs and of each result.

        A batch size that the file fixes is kept: the last batch is filled up, and what the filling gives is dropped.

        Raises:
            ShapeError: the model does not take these arrays, or gives outputs without a batch axis.
        """
        count = len(next(iter(rows.values())))
        size = self.batch or count
        parts = []
        for begin in range(0, count, size):
            feeds = {name: _filled(array[begin : begin + size], size) for name, array in rows.items()}
            made = self.run(feeds, outputs)
            left = min(size, count - begin)
            parts.append([self._rows(array, name, size)[:left] for array, name in zip(made, outputs, strict=True)])
        if len(parts) == 1:
            return parts[0]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def _rows(self, array: np.ndarray, name: str, size: int) -> np.ndarray:
        array = np.asarray(array)
        if array.ndim and array.shape[0] == size:
            return array
        if size == 1:
            return array[None]  # all that one sample gives, whatever its axes
        raise ShapeError(
            f"output '{name}' of the {self.label} has the shape {array.shape} for a batch of {size}: axis 0 "
            f"does not count samples",
            "run sample by sample with --batch 1",
        )


def session_of(
    source: Source,
    *,
    level: Level = "all",
    providers: str | Sequence[str] | None = None,
    threads: int | None = None,
) -> onnxruntime.InferenceSession:
    """A session of a model, with the values that are bound to its inputs.

    Args:
        source: the model.
        level, providers, threads: as in `rfonnx.runtime.open_session`.

    Raises:
        ModelError, QueryError: the model cannot be read or opened, or does not take a value.
    """
    opened, folder = as_given(source), None
    if isinstance(source, Bound):
        opened, _, folder = read_model(source)
    name = name_of(source)
    return open_session(opened, level=level, providers=providers, threads=threads, name=name, folder=folder)


def stack(samples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Samples as a batch, by input; one sample is not copied."""
    if len(samples) == 1:
        return {name: array[None] for name, array in samples[0].items()}
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}


def _filled(rows: np.ndarray, size: int) -> np.ndarray:
    """The rows, the last one repeated up to `size`."""
    missing = size - len(rows)
    return rows if not missing else np.concatenate([rows, np.repeat(rows[-1:], missing, 0)])

"""One of the two models, opened: its session, its ports, and runs over batches of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rfonnx.comparing.pairs.axes import Dims, SampleAxes
from rfonnx.comparing.pairs.feeds import bound, filled, stack
from rfonnx.comparing.pairs.matching import Port
from rfonnx.data.fitting import InputSpec
from rfonnx.errors import ModelError, UncountedError, UnfedError
from rfonnx.graph.nodes import Graph
from rfonnx.graph.text import naming
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.endless import refuse_endless
from rfonnx.model.runtime import run

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
        axes: where samples lie in them; the first axis, until somebody finds out.
        batch: the batch size that the file fixes, or None.
        uncounted: outputs that were seen to count no samples: all that a run of one gives is that sample's.
    """

    def __init__(self, role: str, source: Source, threads: int | None, provider: str | Sequence[str] | None) -> None:
        """Open a session.

        Raises:
            ModelError: the file cannot be read, or onnxruntime does not take it.
        """
        self.role, self.source = role, opened(source)
        path = self.source.label
        self.label, self.name = f"{role} '{path}'", Path(path).name
        with naming(path):
            self.values = self.source.bound
            proto = self.source.proto
        refuse_endless(proto, path)
        # onnxruntime says less about a broken file, or about weights that are not there.
        for name, file in self.source.weight_files.items():
            if not file.is_file():
                raise ModelError(f"{path}: its weights lie in '{name}', which is not there", "put it beside the model")
        self._session = self.source.session(providers=provider, threads=threads)
        self.inputs = [Port(p.name, p.type, tuple(p.shape)) for p in self._session.get_inputs()]
        self.outputs = [Port(p.name, p.type, tuple(p.shape)) for p in self._session.get_outputs()]
        self.axes = SampleAxes({p.name: 0 if p.shape else None for p in self.inputs})
        self.uncounted: set[str] = set()

    @property
    def declared(self) -> tuple[Dims, Dims]:
        """Dimensions of the inputs and of the outputs: lengths, or names of symbolic ones, "" where they have none."""
        return ({p.name: _dims(p) for p in self.inputs}, {p.name: _dims(p) for p in self.outputs})

    @property
    def axes(self) -> SampleAxes:
        """See the class."""
        return self._axes

    @axes.setter
    def axes(self, found: SampleAxes) -> None:
        along = [(p, found.inputs.get(p.name)) for p in self.inputs]
        fixed = [p.shape[axis] for p, axis in along if axis is not None and axis < len(p.shape)]
        self._axes = found
        self.batch = min((n for n in fixed if isinstance(n, int)), default=None)

    def graph(self, feed: Mapping[str, np.ndarray]) -> Graph:
        """Its graph at the shapes of a run.

        Raises:
            RfonnxError: the model cannot be read at these shapes.
        """
        return self.source.graph(bound(feed))

    def dtype(self, port: Port) -> np.dtype:
        """numpy's type of an input.

        Raises:
            UnfedError: it is no tensor of numbers.
        """
        word = port.type.removeprefix("tensor(").removesuffix(")")
        if not port.type.startswith("tensor(") or word not in DTYPES:
            raise UnfedError(
                f"input {port} of the {self.label} is no tensor of numbers", "run models with such inputs yourself"
            )
        return np.dtype(DTYPES[word])

    def run(self, feeds: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Outputs of one run, as onnxruntime gives them.

        Raises:
            ShapeError: the model does not take these arrays.
        """
        return run(self._session, list(outputs), feeds, self.label)

    def feed_of(self, sample: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One sample as a batch: of 1, or as often as the file's batch size asks. What has no batch axis stays as it is."""
        return stack([sample] * (self.batch or 1), self.axes.inputs)

    def run_rows(
        self, rows: Mapping[str, np.ndarray], names: Sequence[str], outputs: Sequence[str], most: int
    ) -> list[np.ndarray]:
        """Outputs over stacked samples of these names; axis 0 of each result counts them.

        A batch size that the file fixes is kept: the last batch is filled up, and what the filling gives is dropped.

        Args:
            most: samples of one run, where the file fixes none.

        Raises:
            ShapeError: the model does not take these arrays.
            UncountedError: an output has no batch axis of this length.
        """
        axes, whole, count = self.axes.inputs, self.batch or most, len(names)
        parts = []
        for begin in range(0, count, whole):
            size = self.batch or min(whole, count - begin)
            feeds = {name: filled(array, axes[name], begin, size) for name, array in rows.items()}
            made = [
                self._rows(array, name, size) for array, name in zip(self.run(feeds, outputs), outputs, strict=True)
            ]
            parts.append(made if begin + size <= count else [array[: count - begin] for array in made])
        if len(parts) == 1:
            return parts[0]
        if any(len({array.shape[1:] for array in arrays}) > 1 for arrays in zip(*parts, strict=True)):
            raise UncountedError(
                f"the outputs of the {self.label} vary in shape", "run sample by sample with --batch 1"
            )
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def _rows(self, array: np.ndarray, name: str, size: int) -> np.ndarray:
        array, axis = np.asarray(array), self.axes.outputs.get(name, 0)
        if size == 1 and name in self.uncounted:
            return array[None]
        if array.ndim > axis and array.shape[axis] == size:
            return np.moveaxis(array, axis, 0) if axis else array
        self.uncounted.add(name)
        if size == 1:
            return array[None]  # all that one sample gives, whatever its axes
        raise UncountedError(
            f"output '{name}' of the {self.label} has the shape {array.shape} for a batch of {size}: axis {axis} "
            f"does not count samples",
            "run sample by sample with --batch 1",
        )


def input_spec(model: OpenModel, port: Port, partner: str, axes: Mapping[str, int | None]) -> InputSpec:
    """What an input takes, as `rfonnx.data` sees it.

    Args:
        model, port: the input.
        partner: the teacher's name of it.
        axes: batch axis by input.

    Raises:
        UnfedError: it is no tensor of numbers.
    """
    shape = tuple(n if isinstance(n, int) else None for n in port.shape)
    return InputSpec(f"the {model.label}", port.name, partner, shape, model.dtype(port), axes.get(port.name))


def _dims(port: Port) -> tuple[int | str, ...]:
    return tuple(n if isinstance(n, int) else n or "" for n in port.shape)

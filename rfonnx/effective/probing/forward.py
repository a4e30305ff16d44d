"""Forward runs of a model up to some units: many changed samples in, one number per sample and unit out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from rfonnx.effective.settings import Settings
from rfonnx.effective.source import Model
from rfonnx.effective.unit import Unit
from rfonnx.errors import QueryError, ShapeError
from rfonnx.model import runtime
from rfonnx.results.array_types import Floats
from rfonnx.results.plain import shape_text

ROUNDING = 8
"""Of a sum, in units of its last place: what kernels that add in another order (sliding sums, several threads) change it by."""

T = TypeVar("T")

GIVE = "give what the inputs hold (--data, or --value for small ones)"


class ForwardSession:
    """Runs a model up to one tensor.

    Attributes:
        runs: of the model, so far; a batch counts as its length.
        seconds: what the last batch took, per run.
        told: called after each batch, when set.
    """

    def __init__(self, model: Model, units: Sequence[Unit], batch: int, settings: Settings) -> None:
        """Open a session.

        Args:
            model: bound to `batch` samples.
            units: of one tensor, in the first sample.
            batch: changed samples per run; 1, or samples of a batch stay apart.
            settings: of the measurement.

        Raises:
            ModelError: onnxruntime cannot load the model.
        """
        self.runs, self.seconds = 0, 0.0
        self.told: Callable[[], None] | None = None
        self._tensor, self._input, self._batch, self._name = units[0].tensor, units[0].place.input, batch, model.name
        self._shape = units[0].shape if batch == 1 else (batch, *units[0].shape[1:])
        positions = np.array([[-1 if p is None else p for p in unit.position] for unit in units])
        self._fixed = [
            axis for axis in range(positions.shape[1]) if units[0].position[axis] is not None and (axis or batch == 1)
        ]
        self._index = [positions[:, axis] for axis in self._fixed]
        self._session = runtime.open_session(
            model.up_to(self._tensor), providers=settings.providers, threads=settings.threads, name=model.name
        )
        self._wanted = {entry.name for entry in self._session.get_inputs()}
        # Sizes, axes, ids: what these hold may be what a node refuses.
        self._parameters = any(
            "float" not in entry.type or len(entry.shape) < 2 for entry in self._session.get_inputs()
        )
        self._feeds: dict[str, np.ndarray] = {}
        self._weight = np.ones(())
        self._before = np.zeros((batch, len(units)))

    def begin(self, feeds: Mapping[str, np.ndarray], weight: np.ndarray) -> None:
        """Set what all following runs share: the other inputs, and the weights of the units' summed axes."""
        self._weight = np.asarray(weight, np.float64)
        self._feeds = {
            name: np.repeat(array, self._batch, axis=0) if self._batch > 1 else array
            for name, array in feeds.items()
            if name in self._wanted
        }

    def unchanged(self, sample: np.ndarray) -> tuple[Floats, Floats]:
        """Run the sample itself, which `changes` are counted from.

        Returns:
            (units,) the units' values; (units,) what rounding may move them by.

        Raises:
            ShapeError: onnxruntime refuses the sample, or the tensor has another shape on it than the file says.
        """
        try:
            tensor = self._run([sample] * self._batch)
        except _OtherShapeError as error:
            raise ShapeError(
                f"{self._name}: tensor '{self._tensor}' has the shape {error} by the file: what the inputs hold decides it",
                f"{GIVE}, or choose another tensor",
            ) from None
        except ShapeError as error:
            if not self._parameters:
                raise
            raise ShapeError(str(error).removesuffix(f"; {error.hint}"), GIVE) from None
        self.runs += 1
        rows = self._apart(tensor)
        self._before = np.stack([self._summed(row, self._weight) for row in rows])
        step = ROUNDING * float(np.finfo(tensor.dtype).eps) if tensor.dtype.kind == "f" else 0.0
        return self._before[0], step * self._summed(np.abs(rows[0]), np.abs(self._weight))

    def changes(self, samples: Iterable[np.ndarray]) -> Floats:
        """(samples, units): by how much the weighted sum of each unit falls below that of the unchanged sample.

        Raises:
            QueryError: the model does not run on a changed sample, or the tensor has another shape on it.
        """
        found = []
        for group in grouped(samples, self._batch):
            values = self._values(group)
            # Row by row: kernels may round the rows of a batch in different ways.
            found += list(self._before[: len(group)] - values)
        return np.array(found)

    def values(self, samples: Iterable[np.ndarray]) -> Floats:
        """(samples, units): the weighted sum of each unit.

        Raises:
            QueryError: as in `changes`.
        """
        return np.array([row for group in grouped(samples, self._batch) for row in self._values(group)])

    def _values(self, group: list[np.ndarray]) -> Floats:
        try:
            tensor = self._run([*group, *group[-1:] * (self._batch - len(group))])
        except _OtherShapeError as error:
            raise QueryError(
                f"{self._name}: what input '{self._input}' holds decides the shape of tensor '{self._tensor}': {error} before",
                f"choose another tensor, or another --input and give what this one holds (--value {self._input}=...)",
            ) from None
        except ShapeError as error:
            reason = str(error).removeprefix(f"{self._name}: ").removesuffix(f"; {error.hint}")
            raise QueryError(
                f"{self._name}: input '{self._input}' cannot be perturbed: on other values {reason}",
                f"choose another --input, and give what this one holds (--data, or --value {self._input}=...)",
            ) from None
        self.runs += len(group)
        result = np.stack([self._summed(row, self._weight) for row in self._apart(tensor)[: len(group)]])
        if self.told is not None:
            self.told()
        return result

    def _run(self, group: list[np.ndarray]) -> np.ndarray:
        """The tensor on a full batch.

        Raises:
            _OtherShapeError, ShapeError: it has another shape; onnxruntime refuses.
        """
        stacked = np.concatenate(group) if self._batch > 1 else group[0]
        begun = time.perf_counter()
        (tensor,) = runtime.run(self._session, [self._tensor], {**self._feeds, self._input: stacked}, self._name)
        self.seconds = (time.perf_counter() - begun) / self._batch
        if tensor.shape != self._shape:
            raise _OtherShapeError(f"{shape_text(tensor.shape)} with these values, {shape_text(self._shape)}")
        return tensor

    def _apart(self, tensor: np.ndarray) -> list[np.ndarray]:
        """Per sample of the batch, in float64: (units or 1, *lengths of the summed axes)."""
        fixed = [axis - 1 for axis in self._fixed] if self._batch > 1 else self._fixed
        rows = tensor.astype(np.float64) if self._batch > 1 else tensor.astype(np.float64)[None]
        fronts = (np.moveaxis(row, fixed, range(len(fixed))) for row in rows)
        return [front[tuple(self._index)] if fixed else front[None] for front in fronts]

    def _summed(self, chosen: np.ndarray, weight: np.ndarray) -> Floats:
        result: Floats = (chosen * weight).reshape(len(chosen), -1).sum(axis=1)
        return result


class _OtherShapeError(Exception):
    """The tensor came out with another shape; the message says which and which was expected."""


def grouped(samples: Iterable[T], size: int) -> Iterator[list[T]]:
    """The samples, so many at a time."""
    rest = iter(samples)
    while group := list(itertools.islice(rest, size)):
        yield group

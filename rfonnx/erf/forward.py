"""Forward runs of a model up to some units: many changed samples in, one number per sample and unit out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from onnx import ModelProto

from rfonnx import runtime
from rfonnx.erf.source import Model, up_to
from rfonnx.erf.unit import Unit

Floats = npt.NDArray[np.float64]


class ForwardSession:
    """Runs a model up to one tensor.

    Attributes:
        runs: of the model, so far; a batch counts as its length.
    """

    def __init__(
        self,
        model: Model,
        units: Sequence[Unit],
        batch: int,
        providers: str | Sequence[str] | None,
        threads: int | None,
    ) -> None:
        """Open a session.

        Args:
            model: bound to `batch` samples.
            units: of one tensor, in the first sample.
            batch: changed samples per run; 1, or samples of a batch stay apart.
            providers, threads: as in `rfonnx.erf`.

        Raises:
            ModelError: onnxruntime cannot load the model.
        """
        self.runs = 0
        self._tensor, self._input, self._batch, self._name = units[0].tensor, units[0].place.input, batch, model.name
        positions = np.array([[-1 if p is None else p for p in unit.position] for unit in units])
        self._fixed = [
            axis for axis in range(positions.shape[1]) if units[0].position[axis] is not None and (axis or batch == 1)
        ]
        self._index = [positions[:, axis] for axis in self._fixed]
        made = model.rebound(model.shapes).source
        assert isinstance(made, ModelProto)
        up_to(made, self._tensor)
        self._session = runtime.open_session(made, providers=providers, threads=threads, name=model.name)
        self._wanted = {entry.name for entry in self._session.get_inputs()}
        self._feeds: dict[str, np.ndarray] = {}
        self._weight = np.ones(())

    def begin(self, feeds: Mapping[str, np.ndarray], weight: np.ndarray) -> None:
        """Set what all following runs share: the other inputs, and the weights of the units' summed axes."""
        self._weight = np.asarray(weight, np.float64)
        self._feeds = {
            name: np.repeat(array, self._batch, axis=0) if self._batch > 1 else array
            for name, array in feeds.items()
            if name in self._wanted
        }

    def values(self, samples: Iterable[np.ndarray]) -> Floats:
        """(samples, units): the weighted sum of each unit."""
        rows = [row for group in _grouped(samples, self._batch) for row in self._run(group)]
        return np.array(rows)

    def _run(self, group: list[np.ndarray]) -> Iterator[Floats]:
        stacked = np.concatenate([*group, *(group[-1:] * (self._batch - len(group)))]) if self._batch > 1 else group[0]
        self.runs += len(group)
        (tensor,) = runtime.run(self._session, [self._tensor], {**self._feeds, self._input: stacked}, self._name)
        for sample in range(len(group)):
            one = tensor[sample] if self._batch > 1 else tensor
            fixed = [axis - 1 for axis in self._fixed] if self._batch > 1 else self._fixed
            front = np.moveaxis(one.astype(np.float64), fixed, range(len(fixed)))
            chosen = front[tuple(self._index)] if fixed else front[None]
            yield (chosen * self._weight).reshape(len(chosen), -1).sum(axis=1)


def _grouped(samples: Iterable[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    rest = iter(samples)
    while group := list(itertools.islice(rest, size)):
        yield group

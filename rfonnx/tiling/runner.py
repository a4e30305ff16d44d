"""One run of a crop: what every process that takes part in a tiled run does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from rfonnx.model import runtime
from rfonnx.model.opened import Opened
from rfonnx.results.tiling import Ranges

if TYPE_CHECKING:
    import onnxruntime

Arrays = dict[str, np.ndarray]

OPENING = Lock()
"""Held while a session is opened: onnxruntime does not open two at a time safely."""


def part(ranges: Ranges) -> tuple[slice, ...]:
    """Ranges as an index."""
    return tuple(slice(start, stop) for start, stop in ranges)


class Runner:
    """A model that is run on crops. It can be sent to other processes; each opens one session of it."""

    def __init__(
        self,
        model: Opened,
        outputs: Sequence[str],
        threads: int | None = None,
        providers: str | Sequence[str] | None = None,
        reduce: Callable[[Arrays], Arrays] | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            model, outputs: what is run, and what is kept of it.
            threads, providers: as of `Opened.session`.
            reduce: makes what is handed on of what is kept, where that is less.
        """
        self._model, self._outputs, self._threads, self._providers = model, list(outputs), threads, providers
        self._reduce = reduce
        self._session: onnxruntime.InferenceSession | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_session": None}

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The session, opened when it is first asked for; threads run it together."""
        with OPENING:
            if self._session is None:
                self._session = self._model.session(threads=self._threads, providers=self._providers)
            return self._session

    def __call__(self, crops: Mapping[str, np.ndarray], local: Mapping[str, Ranges]) -> Arrays:
        """What is kept of a tile, by output; contiguous copies, so that the rest is freed.

        Args:
            crops: by input.
            local: by output: what is kept.

        Raises:
            RunError: onnxruntime cannot run the model.
        """
        made = runtime.run(self.session, self._outputs, crops, self._model.name)
        kept = {name: array[part(local[name])] for name, array in zip(self._outputs, made, strict=True)}
        if self._reduce is not None:
            return self._reduce(kept)
        return {name: np.ascontiguousarray(array) for name, array in kept.items()}

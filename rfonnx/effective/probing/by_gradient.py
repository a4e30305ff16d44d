"""Maps by gradients: one run of forward and gradient graph per batch of samples, for all units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rfonnx.effective.probing.crop import Crop
from rfonnx.effective.settings import Aggregation, Over, Settings
from rfonnx.effective.source import Model
from rfonnx.effective.subject import Subject
from rfonnx.errors import ShapeError
from rfonnx.gradients import GradientSession
from rfonnx.gradients.session import SIDE_BY_SIDE
from rfonnx.results.array_types import Floats, Int64
from rfonnx.results.plain import shape_text

Feeds = Mapping[str, np.ndarray]


def reduce_map(change: np.ndarray, axes: Sequence[int], aggregation: Aggregation, over: Over) -> Floats:
    """From changes per element of an input to a map over some of its axes: non-negative, float64."""
    values = change.astype(np.float64)
    if aggregation == "absolute":
        values = np.abs(values)
    elif aggregation == "positive":
        values = np.where(values < 0, 0, values)  # NaN stays NaN
    else:
        values = values**2
    rest = tuple(a for a in range(values.ndim) if a not in axes)
    reduced: Floats = values.sum(axis=rest) if over == "sum" else values.mean(axis=rest)
    return reduced


class GradientProber:
    """Measures maps of some units of one tensor.

    Attributes:
        batch: samples per run.
        runs: of the model with its gradient, so far; a batch counts as its length.
        naive_runs: forward runs that differences per element of the whole input would have taken so far.
    """

    def __init__(self, subject: Subject, crop: Crop, model: Model, batch: int, settings: Settings) -> None:
        """Build the gradient graph and open a session.

        Args:
            subject: whose units they are.
            crop: the units, and what part of the input the model runs on.
            model: the crop's, bound to `batch` samples.
            batch: samples per run.
            settings: of the measurement.

        Raises:
            GradientError: an operator on the way has no gradient rule.
            ModelError, QueryError, ShapeError: see `GradientSession`.
        """
        self.batch, self.runs, self.naive_runs = batch, 0, 0
        self._crop, self._units, self._settings = crop, crop.units, settings
        unit = crop.units[0]
        self._place = unit.place
        source = subject.prepared(model, unit.tensor) if crop.model is subject.model else model.source
        self._session = GradientSession(
            source, unit.tensor, model.shapes, providers=settings.providers, threads=settings.threads, name=model.name
        )
        if self._session.shape[1:] != unit.shape[1:] or len(self._session.shape) != len(unit.shape):
            raise ShapeError(
                f"{model.name}: tensor '{unit.tensor}' has the shape {shape_text(self._session.shape)} when it is run, and"
                f" {shape_text(unit.shape)} by the file: what the inputs hold decides it",
                "give what small inputs hold (--value), or choose another tensor",
            )

    def maps(self, feeds: Sequence[Feeds], weights: Sequence[np.ndarray]) -> Floats:
        """Maps of some samples, at most a batch, in the crop's window.

        Args:
            feeds: whole inputs, per sample.
            weights: per sample: what the units' summed axes are weighed by, of their lengths.

        Returns:
            (units, samples, *lengths of the window).
        """
        self.runs += len(weights)
        self.naive_runs += 2 * feeds[0][self._place.input].size * len(weights)
        batch = self._together([self._crop.cut(one) for one in feeds])
        # by as many units as share a run: no more gradients are kept in memory at once
        parts = np.array_split(np.arange(len(self._units)), -(-len(self._units) // SIDE_BY_SIDE))
        gradients = (
            one
            for part in parts
            for one in self._session.run_many(batch, self._seeds(part, weights))[self._place.input]
        )
        return np.array([[self._reduced(one, i) for i in range(len(weights))] for one in gradients])

    def _together(self, feeds: list[dict[str, np.ndarray]]) -> Feeds:
        """The samples as one batch; the last one fills it up, for the session takes whole batches."""
        if self.batch == 1:
            return feeds[0]
        filled = [*feeds, *feeds[-1:] * (self.batch - len(feeds))]
        return {name: np.concatenate([one[name] for one in filled]) for name in feeds[0]}

    def _reduced(self, gradient: np.ndarray, sample: int) -> Floats:
        own = gradient if self.batch == 1 else gradient[sample : sample + 1]
        return reduce_map(own, self._place.axes, self._settings.aggregation, self._settings.over)

    def _seeds(self, units: Int64, weights: Sequence[np.ndarray]) -> np.ndarray:
        """(units, *shape of the tensor): zero but at the unit."""
        seeds = np.zeros((len(units), *self._session.shape), np.float32)
        for index, number in enumerate(units):
            position, seed = self._units[number].position, seeds[index, ...]  # an array, though the tensor be a scalar
            for sample, weight in enumerate(weights):
                row = seed if self.batch == 1 else seed[sample : sample + 1]
                row[tuple(slice(None) if p is None else p for p in position)] = weight
        return seeds

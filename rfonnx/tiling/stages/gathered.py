"""Figures over all positions of a tensor, gathered from parts of it in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rfonnx.results.tiling import Ranges
from rfonnx.tiling.stages.statistic import Statistic

Float64 = npt.NDArray[np.float64]


def parts(statistics: Sequence[Statistic], kept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The figures of a part, by the tensor that they are for: float64, one or two along axis 0, as `Gathered.add` takes them."""
    return {one.tensor: np.stack(_taken(one, kept[one.of])) for one in statistics}


def _taken(one: Statistic, part: npt.NDArray[np.floating]) -> list[Float64]:
    if one.kind in ("max", "min"):
        return [getattr(part, one.kind)(axis=one.axes, keepdims=True).astype(np.float64)]
    total = part.sum(axis=one.axes, dtype=np.float64, keepdims=True)
    return [total, _squares(part, one.axes)] if one.kind == "moments" else [total]


class Gathered:
    """A figure while its parts come in, in any order. Parts are disjoint, so that sums add up."""

    def __init__(self, statistic: Statistic) -> None:
        self._statistic = statistic
        self._count = 0
        self._found: Float64 | None = None

    def add(self, figures: Float64, ranges: Ranges) -> None:
        """Take in those of a part of the tensor, and where it lies."""
        self._count += math.prod(
            stop - start for axis, (start, stop) in enumerate(ranges) if axis in self._statistic.axes
        )
        join = {"max": np.maximum, "min": np.minimum}.get(self._statistic.kind, np.add)
        self._found = figures if self._found is None else join(self._found, figures)

    def figures(self, dtype: npt.DTypeLike) -> dict[str, np.ndarray]:
        """By the name of the input that holds it, as the model takes it."""
        one = self._statistic
        folds: dict[str, Callable[..., Float64]] = {"max": np.max, "min": np.min}
        assert self._found is not None
        found, count = list(self._found), self._count
        if one.rows:
            rows = [array.reshape(*one.rows, -1) for array in found]
            count *= rows[0].shape[-1]
            found = [folds.get(one.kind, np.sum)(array, axis=-1) for array in rows]
        if one.kind in ("mean", "moments"):
            found = [array / count for array in found]
        if one.kind == "moments":
            mean, squares = found
            found = [mean, 1 / np.sqrt(np.maximum(squares - mean * mean, 0) + one.epsilon)]
        made = zip(one.names, found, strict=True)
        return {name: _as_shaped(array, one.shape).astype(dtype) for name, array in made}


def _as_shaped(array: Float64, shape: tuple[int, ...]) -> Float64:
    """The figures in the shape that the model takes; those of a group of channels once for each channel."""
    return np.repeat(array.ravel(), math.prod(shape) // array.size).reshape(shape)


def _squares(part: npt.NDArray[np.floating], axes: tuple[int, ...]) -> Float64:
    """Sums of squares; a slice at a time, so that no copy of the part in float64 is made."""
    kept = [axis for axis in range(part.ndim) if axis not in axes]
    shape = tuple(1 if axis in axes else n for axis, n in enumerate(part.shape))
    slices = np.moveaxis(part, kept, range(len(kept)))
    sums = [np.square(slices[index], dtype=np.float64).sum() for index in np.ndindex(slices.shape[: len(kept)])]
    return np.reshape(sums, shape)

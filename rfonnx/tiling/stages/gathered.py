"""Figures over all positions of a tensor, gathered from parts of it in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rfonnx.results.tiling import Ranges
from rfonnx.tiling.stages.statistic import Statistic

Float64 = npt.NDArray[np.float64]


def parts(statistics: Sequence[Statistic], kept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The figures of a part, by the tensor that they are for: float64, one or two along axis 0, as `Gathered.add` takes them."""
    return {one.tensor: np.stack(_taken(one, kept[one.of])) for one in statistics}


def _taken(one: Statistic, part: npt.NDArray[np.floating]) -> list[Float64]:
    """What joins with that of other parts."""
    axes = one.axes
    if one.kind in ("max", "min", "product"):
        return [JOINS[one.kind].reduce(part, axes, np.float64, keepdims=True, initial=NONE[one.kind])]
    if one.kind in ("squares", "l2"):
        return [_squares(part, axes)]
    if one.kind == "log sum exp":
        most = part.max(axis=axes, keepdims=True, initial=np.finfo(part.dtype).min)
        with np.errstate(divide="ignore"):  # a part may be empty
            return [most + np.log(np.exp(part - most).sum(axis=axes, dtype=np.float64, keepdims=True))]
    total = (np.abs(part) if one.kind == "l1" else part).sum(axis=axes, dtype=np.float64, keepdims=True)
    return [total, _squares(part, axes)] if one.kind == "moments" else [total]


JOINS = {"max": np.maximum, "min": np.minimum, "product": np.multiply, "log sum exp": np.logaddexp}
"""What makes one figure of those of two parts, where that is no sum."""

NONE = {"max": -np.inf, "min": np.inf, "product": 1}
"""Figures of a part of no positions."""

LAST = {"l2": np.sqrt, "log sum": np.log}
"""What is done to a figure when it is complete."""


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
        join = JOINS.get(self._statistic.kind, np.add)
        self._found = figures if self._found is None else join(self._found, figures)

    def figures(self, dtype: npt.DTypeLike) -> dict[str, np.ndarray]:
        """By the name of the input that holds it, as the model takes it."""
        one = self._statistic
        assert self._found is not None
        found, count = list(self._found), self._count
        if one.rows:
            rows = [array.reshape(*one.rows, -1) for array in found]
            count *= rows[0].shape[-1]
            found = [JOINS.get(one.kind, np.add).reduce(array, axis=-1) for array in rows]
        found = [LAST.get(one.kind, np.positive)(array) for array in found]
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

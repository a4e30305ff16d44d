"""Figures over all positions of a tensor, gathered from parts of it in float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rfonnx.tiling.stages.statistic import Statistic

Float64 = npt.NDArray[np.float64]


class Gathered:
    """A figure while its parts come in, in any order. Parts are disjoint, so that sums add up."""

    def __init__(self, statistic: Statistic) -> None:
        self._statistic = statistic
        self._count = 0
        self._found: list[Float64] = []

    def add(self, part: npt.NDArray[np.floating]) -> None:
        """Take in a part of the tensor, of its rank."""
        axes, kind = self._statistic.axes, self._statistic.kind
        self._count += math.prod(part.shape[axis] for axis in axes)
        if kind in ("max", "min"):
            taken = [getattr(part, kind)(axis=axes, keepdims=True).astype(np.float64)]
        else:
            taken = [part.sum(axis=axes, dtype=np.float64, keepdims=True)]
        if kind == "moments":
            taken.append(_squares(part, axes))
        join = {"max": np.maximum, "min": np.minimum}.get(kind, np.add)
        self._found = [join(a, b) for a, b in zip(self._found, taken, strict=True)] if self._found else taken

    def figures(self, dtype: npt.DTypeLike) -> dict[str, np.ndarray]:
        """By the name of the input that holds it, as the model takes it."""
        one = self._statistic
        folds: dict[str, Callable[..., Float64]] = {"max": np.max, "min": np.min}
        found, count = self._found, self._count
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

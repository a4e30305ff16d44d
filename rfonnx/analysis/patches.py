"""Values of positions, out of the patches that the core gives: boxes, with nothing outside of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from rfonnx.results.reads import Patch, Reads, block, whole

if TYPE_CHECKING:
    from rfonnx._core import Result

Scalar = TypeVar("Scalar", np.bool_, np.float64)

LARGEST = 2**28
"""Positions of an input that are laid out."""

Patches = Sequence[tuple[Sequence[int | None], npt.NDArray[np.generic]]]


def laid_out(patches: Patches, shape: Sequence[int], kind: type[Scalar]) -> npt.NDArray[Scalar]:
    """The sum of all patches by position; of truth values, whether any holds one.

    >>> laid_out([([1], np.array([1, 1])), ([None], np.array([1]))], (4,), np.float64).tolist()
    [1.0, 2.0, 2.0, 1.0]

    Raises:
        ValueError: there are too many positions.
    """
    if math.prod(shape) > LARGEST:
        raise ValueError("too many positions to lay out; bind a smaller input shape")
    whole: npt.NDArray[Scalar] = np.zeros(shape, kind)
    for firsts, values in patches:
        ends = zip(firsts, values.shape, strict=True)
        box = tuple(slice(None) if first is None else slice(first, first + count) for first, count in ends)
        whole[box] += values.astype(kind)
    return whole


def reads_of(patches: Patches, shape: Sequence[int], kind: type[np.bool_ | np.float64]) -> Reads:
    """The same as boxes of positions."""
    return Reads(
        tuple(shape),
        tuple(
            Patch(
                tuple(
                    whole(length) if first is None else block(first, count)
                    for first, count, length in zip(firsts, values.shape, shape, strict=True)
                ),
                values.astype(kind),
            )
            for firsts, values in patches
        ),
    )


def seeing(
    result: Result, source: int, columns: Sequence[int], origin: Sequence[int], shape: Sequence[int]
) -> tuple[Reads, tuple[int, ...]]:
    """See `Analysis.seeing`."""
    mask = np.ones((1,) * len(shape), np.bool_)
    for column, at in zip(columns, origin, strict=True):
        lo, hi = result.intervals(source, column, True, ())
        mask = mask & (lo <= at) & (at <= hi)
    differs = tuple(axis for axis, length in enumerate(mask.shape) if length > 1)
    sides = tuple(whole(n) if n != held else block(0, n) for n, held in zip(shape, mask.shape, strict=True))
    return Reads(tuple(shape), (Patch(sides, mask),)), differs

"""Values of an input's positions, out of the patches that the core gives: boxes, with nothing outside of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", np.bool_, np.float64)

LARGEST = 2**28
"""Positions of an input that are laid out."""


def laid_out(
    patches: Sequence[tuple[Sequence[int | None], npt.NDArray[np.generic]]],
    shape: Sequence[int],
    kind: type[Scalar],
) -> npt.NDArray[Scalar]:
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

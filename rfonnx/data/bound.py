"""Samples that hold an array for an input whose value is bound: it must be that value."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rfonnx.data.lazy import Lazy
from rfonnx.errors import DataError

MAX_BOUND = 2**20
"""Elements of an array that is held against a bound value: these are small."""


def without_bound(
    sample: str, arrays: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    """The arrays of the inputs that are not bound.

    Args:
        sample: its name.
        arrays: by input.
        values: of the bound inputs; samples need not hold them.

    Raises:
        DataError: the sample holds another value: what it stands for would not be what is run.
    """
    for name, value in values.items():
        if isinstance(arrays, Lazy) and name in arrays and math.prod(arrays.shape(name)) > MAX_BOUND:
            raise DataError(
                f"sample '{sample}' holds {math.prod(arrays.shape(name))} numbers for input '{name}', which is bound",
                "leave the array out of the samples",
            )
        if name in arrays and not np.all(np.asarray(arrays[name]) == value):
            raise DataError(
                f"sample '{sample}' holds {np.asarray(arrays[name]).tolist()!s:.60} for input '{name}', which is bound to"
                f" {value.tolist()!s:.60}",
                "bind the value that the samples were made for, or leave the array out of them",
            )
    if isinstance(arrays, Lazy):
        return arrays.without(values)
    return {name: array for name, array in arrays.items() if name not in values}

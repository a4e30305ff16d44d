"""True classes beside samples: whole numbers, or one-hot rows of them."""

from __future__ import annotations

import numpy as np

from rfonnx.data.arrays import Stored
from rfonnx.errors import DataError

MOST = 2**31
"""Class numbers lie below this."""

HINT = "give one whole number per sample (-1: unknown), or one-hot rows"


def class_numbers(stored: Stored) -> np.ndarray:
    """The class of every sample, int64, (samples,); negative where it is unknown.

    Args:
        stored: (samples,) or (samples, 1) of whole numbers, in a type of floats too; or (samples, classes), one-hot.

    Raises:
        DataError: it is something else, or cannot be read.
    """
    shape, dtype = stored.header.shape, stored.header.dtype
    if dtype.kind not in "?biuf":
        raise DataError(f"{stored.label} holds elements of type {dtype}, expected numbers of classes", HINT)
    if len(shape) not in (1, 2) or (len(shape) == 2 and not shape[1]):
        raise DataError(f"{stored.label} has the shape {shape}, expected one class per sample", HINT)
    values = stored.read()
    if len(shape) == 2 and shape[1] > 1:
        wrong = ~(((values == 0) | (values == 1)).all(axis=1) & ((values != 0).sum(axis=1) == 1))
        _refuse(stored, values, wrong, "no one-hot row")
        found: np.ndarray = values.argmax(axis=1).astype(np.int64)
        return found
    values = values.reshape(shape[0])
    wrong = ~((values >= -MOST) & (values < MOST))  # NaN is neither
    if dtype.kind == "f":
        wrong |= np.floor(values) != values
    _refuse(stored, values, wrong, "no number of a class")
    return values.astype(np.int64)


def _refuse(stored: Stored, values: np.ndarray, wrong: np.ndarray, what: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"{stored.label} holds {values[row]!s:.60} for sample {row}, {what}", HINT)

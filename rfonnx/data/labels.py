"""True classes beside samples: one whole number each, or one row with a single 1."""

from __future__ import annotations

import numpy as np

from rfonnx.errors import DataError

MOST = 2**31
"""Class numbers lie below this."""


def class_number(value: np.ndarray, place: str) -> int:
    """The class of one sample; negative where none is known.

    Args:
        value: one number, or a one-hot row.
        place: for messages.

    Raises:
        DataError: it is neither; text and NaN are no class.
    """
    if value.dtype.kind in "iubf":
        row = np.atleast_1d(value).ravel()
        if row.size == 1 and value.ndim == 0:
            number = float(row[0])
            if number.is_integer() and abs(number) < MOST:
                return int(number)
        elif np.count_nonzero(row) == 1 and row.max() == 1:
            return int(row.argmax())
    shown = repr(value.tolist())[:60]
    raise DataError(
        f"the label of {place} is {shown}, expected one whole number, or a row with a single 1",
        "save class numbers as labels, -1 where none is known",
    )

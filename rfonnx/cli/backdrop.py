"""`--image FILE`: a picture that lies under what is read of an input."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rfonnx.data.images import read_image
from rfonnx.data.prepare import resize_pixels, with_channels
from rfonnx.errors import DataError, QueryError
from rfonnx.report.explanation.chains import Explanation
from rfonnx.report.explanation.footprint import Backdrop


def read_backdrop(path: str) -> np.ndarray:
    """The pixels, uint8 (H, W, 3).

    Raises:
        DataError: see `read_image`.
    """
    try:
        return with_channels(read_image(Path(path), path), "rgb")
    except DataError as error:
        raise DataError(str(error).removesuffix(f"; {error.hint}"), "give another file with --image") from None


def fitted(told: Explanation, path: str, pixels: np.ndarray) -> Backdrop:
    """The picture, as large as the input that it lies under.

    Raises:
        QueryError: the drawn inputs are not one with rows and columns.
    """
    if [len(one.axes) for one in told.footprints] != [2]:
        drawn = ", ".join(f"'{one.input}' with {len(one.axes)}" for one in told.footprints) or "none"
        raise QueryError(
            f"{told.model}: a picture lies under one input with rows and columns; drawn are {drawn}",
            "choose the input with --input and its axes with --axes, or leave out --image",
        )
    (one,) = told.footprints
    rows, columns = (one.shape[axis] for axis in one.axes)
    return Backdrop(Path(path).name, resize_pixels(pixels, (rows, columns)))

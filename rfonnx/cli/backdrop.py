"""`--image FILE`: a picture that lies under what is read of an input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.data.images import read_image
from rfonnx.data.prepare import resize_pixels, with_channels
from rfonnx.errors import DataError, QueryError
from rfonnx.report.explanation.chains import Explanation
from rfonnx.report.explanation.footprint import Backdrop

MOST = 4096
"""Rows and columns of a picture that are drawn: it is stretched over an input that has more."""


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
    drawn = {one.input: one.axes for one in told.footprints}
    if [len(axes) for axes in drawn.values()] != [2]:
        raise _no_place(
            told.model, drawn, "choose the input with --input and its axes with --axes, or leave out --image"
        )
    (one,) = told.footprints
    rows, columns = (one.shape[axis] for axis in one.axes)
    return Backdrop(Path(path).name, _resized(pixels, rows, columns), one.input)


def fitted_to_input(analysis: Analysis, path: str, pixels: np.ndarray) -> Backdrop:
    """The same for the first input that windows slide along in rows and columns.

    Raises:
        QueryError: there is none.
    """
    slid: dict[str, list[int]] = {}
    for name, axis in analysis.windowed:
        slid.setdefault(name, []).append(axis)
    name = next((name for name, axes in slid.items() if len(axes) == 2), "")
    if not name:
        raise _no_place(analysis.model.name, slid, "leave out --image")
    shape = analysis.input_shapes[name] or ()
    rows, columns = (shape[axis] or 1 for axis in slid[name])
    return Backdrop(Path(path).name, _resized(pixels, rows, columns), name)


def _resized(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return resize_pixels(pixels, (min(rows, MOST), min(columns, MOST)))


def _no_place(model: str, drawn: Mapping[str, Sequence[int]], hint: str) -> QueryError:
    told = ", ".join(f"'{name}' with {len(axes)}" for name, axes in drawn.items()) or "none"
    return QueryError(f"{model}: a picture lies under one input with rows and columns; drawn are {told}", hint)

"""PNG files, of which no part can be written alone: gathered as plain rows, which can be gone on with, and packed at the end."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from rfonnx.data.images import MAX_PIXELS, pillow
from rfonnx.errors import DataError
from rfonnx.tiling.storage.rows import Rows, write_npy

CHANNELS = (3, 4)
"""Of a picture in colour, without and with alpha."""


class Picture(Rows):
    """Rows of a picture."""

    def packed(self) -> Path:
        """Write the picture beside its rows, and give its path."""
        from PIL import Image

        planes = self[tuple(slice(0, n) for n in self.shape)].reshape(_planes(self.shape))
        if planes.ndim == 3 and planes.shape[0] in CHANNELS:
            planes = np.moveaxis(planes, 0, -1)
        path = Path(f"{self.path}.png")
        Image.fromarray(np.ascontiguousarray(planes)).save(path)
        return path


def write_png(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Picture:
    """A grey picture, or one in colour with channels first or last.

    Raises:
        DataError: a PNG does not hold this, or Pillow is not installed.
    """
    pillow()
    planes = _planes(shape) if len(shape) > 1 else ()
    colours = [n for n in planes[:1] + planes[-1:] if n in CHANNELS] if len(planes) == 3 else []
    grey = len(planes) == 2 and dtype.name in ("bool", "uint8", "uint16")
    if not (grey or (colours and dtype == np.uint8)) or not math.prod(shape):
        told = f"a PNG cannot hold {'x'.join(map(str, shape))} of {dtype}: 1, 3 or 4 channels of 8 bits, or 1 of 16"
        raise DataError(told, "write .tif, .npy or .zarr")
    if math.prod(planes) > MAX_PIXELS * math.prod(colours[:1]):
        told = f"a PNG of {'x'.join(map(str, shape))} is packed in memory, expected at most {MAX_PIXELS} pixels"
        raise DataError(told, "write .tif, which is written by parts")
    rows = write_npy(path, shape, dtype, again)
    return Picture(rows.path, rows.offset, rows.shape, rows.dtype, "r+")


def _planes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without leading axes of length 1."""
    *leading, rows, columns = shape
    while leading and leading[0] == 1:
        leading = leading[1:]
    return (*leading, rows, columns)

"""TIFFs that are written by parts: in tiles, at falling resolutions, without compression, so that each part has its place."""

from __future__ import annotations

import io
import math
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.tiling.storage.axes import OME_AXES
from rfonnx.tiling.storage.libraries import tiff_library, zarr_library
from rfonnx.tiling.storage.rows import reserve

SIDE, SMALL = 256, 512
"""Longest side of a tile, and that of an image that has no smaller copy."""

FEW = 256
"""Zeros that are written out."""

OME_TYPES = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64", "complex64", "complex128")


class Levels:
    """An image and its smaller copies: each has every second row and column of the one before.

    Nothing is averaged: so labels stay labels, and a part of the image has its part of every copy.

    >>> import io
    >>> image, half = np.zeros((5, 4)), np.zeros((3, 2))
    >>> Levels([image, half], (1, 5, 4), io.BytesIO())[0:1, 1:4, 0:3] = np.arange(9.0).reshape(1, 3, 3)
    >>> half.tolist()
    [[0.0, 0.0], [3.0, 5.0], [0.0, 0.0]]
    """

    def __init__(self, arrays: Sequence[Any], shape: tuple[int, ...], file: Any) -> None:
        """`arrays`: from the finest, without leading axes of length 1; `shape`: with them; `file`: that holds them, open."""
        self._arrays, self.shape, self.dtype, self._file = arrays, shape, np.dtype(arrays[0].dtype), file

    def __setitem__(self, index: tuple[slice, ...], value: np.ndarray) -> None:
        """Write a part, of every copy."""
        leading = [one for one, n in zip(index[:-2], self.shape, strict=False) if n > 1]
        value = value.reshape(*(one.stop - one.start for one in leading), *value.shape[-2:])
        for level, array in enumerate(self._arrays):
            step = 2**level
            rows, columns = (slice(-one.start % step, None, step) for one in index[-2:])
            part = value[..., rows, columns]
            if part.size:
                array[(*leading, *(slice(-(-one.start // step), -(-one.stop // step)) for one in index[-2:]))] = part
        self._file.flush()

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()


class Sparse(io.FileIO):
    """A file in which long zeros are passed over, as the file system gives them anyway: tifffile writes empty tiles out."""

    end = 0

    def write(self, data: Any) -> int:
        """See `io.FileIO`."""
        size = len(data)
        if size >= FEW and data == bytes(size):
            self.seek(size, os.SEEK_CUR)
        else:
            size = super().write(data)
        self.end = max(self.end, self.tell())
        return size


def write_tiff(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Levels:
    """A BigTIFF of tiles, a page for each plane; an OME-TIFF with smaller copies, where OME has such numbers and axes.

    Raises:
        DataError: it is no image, or of a type that TIFF has not.
    """
    tifffile = tiff_library()
    if len(shape) < 2 or not math.prod(shape) or dtype.kind not in "uifc":
        raise DataError(f"a TIFF cannot hold {shape} of {dtype}", "write .npy or .zarr")
    planes = (*(n for n in shape[:-2] if n > 1), *shape[-2:])
    if not again:
        _make(tifffile, path, planes, shape, dtype)
    file = tifffile.TiffFile(path, mode="r+")
    series = file.series[0]
    zarr = zarr_library()
    with zarr.config.set({"array.write_empty_chunks": True}):  # a tile of zeros is one, and has its place
        arrays = [zarr.open(series.aszarr(level=level), mode="r+") for level in range(len(series.levels))]
    return Levels(arrays, shape if series.shape == planes else series.shape, file.filehandle)


def _make(tifffile: Any, path: Path, planes: tuple[int, ...], shape: tuple[int, ...], dtype: np.dtype) -> None:
    ome = len(shape) in OME_AXES and dtype.name in OME_TYPES
    side = max(planes[-2:])
    copies = max(0, math.ceil(math.log2(side / SMALL))) if ome and side > SMALL else 0
    tile = tuple(min(SIDE, -(-n // 16) * 16) for n in planes[-2:])  # TIFF wants multiples of 16
    named: dict[str, Any] = {}
    if ome:
        names = [name for name, n in zip(OME_AXES[len(shape)][:-2], shape, strict=False) if n > 1]
        # Runs of one command give one file, byte for byte: no number that is drawn.
        named = {
            "axes": "".join([*names, "yx"]).upper(),
            "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{planes} {dtype}")),
        }
    with Sparse(path, "w+") as stream, tifffile.TiffWriter(stream, bigtiff=True, ome=ome) as file:
        for level in range(copies + 1):
            file.write(
                shape=(*planes[:-2], *(-(-n // 2**level) for n in planes[-2:])),
                dtype=dtype,
                tile=tile,
                photometric="minisblack",
                subifds=copies or None if not level else None,
                subfiletype=1 if level else 0,
                metadata=named if not level else None,
            )
        reserve(stream.fileno(), stream.end)

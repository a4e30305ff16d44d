"""Formats that are written by parts."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.tiling.storage.axes import OME_AXES
from rfonnx.tiling.storage.libraries import zarr_library
from rfonnx.tiling.storage.pictures import write_png
from rfonnx.tiling.storage.rows import write_npy
from rfonnx.tiling.storage.tiled_tiff import write_tiff

SIDE, BYTES = 512, 2**22
"""Longest side of a Zarr chunk, and most bytes of one: what is written at a time."""


def write_zarr(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    """A Zarr array."""
    zarr = zarr_library()
    if again:
        return zarr.open_array(str(path), mode="r+")
    shutil.rmtree(path, ignore_errors=True)
    return zarr.create_array(str(path), shape=shape, dtype=dtype, chunks=_chunks(shape, dtype))


def write_ome_zarr(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    """An OME-Zarr image of one level.

    Raises:
        DataError: it has less than two or more than five axes.
    """
    zarr = zarr_library()
    if again:
        return zarr.open_array(str(path), path="0", mode="r+")
    if len(shape) not in OME_AXES:
        raise DataError(f"OME-Zarr has no images of {len(shape)} axes", "write .zarr or .npy")
    shutil.rmtree(path, ignore_errors=True)
    kinds = {"t": "time", "c": "channel"}
    scale = {"type": "scale", "scale": [1.0] * len(shape)}
    group = zarr.open_group(str(path), mode="w")
    group.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [
            {
                "axes": [{"name": name, "type": kinds.get(name, "space")} for name in OME_AXES[len(shape)]],
                "datasets": [{"path": "0", "coordinateTransformations": [scale]}],
            }
        ],
    }
    return group.create_array("0", shape=shape, dtype=dtype, chunks=_chunks(shape, dtype))


WRITERS: dict[str, Callable[[Path, tuple[int, ...], np.dtype, bool], Any]] = {
    ".npy": write_npy,
    ".ome.zarr": write_ome_zarr,
    ".zarr": write_zarr,
    ".png": write_png,
    ".tif": write_tiff,
    ".tiff": write_tiff,
}
"""By ending, the longer before the shorter: makes an array in a file, or goes on with one; gives what takes parts."""


def _chunks(shape: tuple[int, ...], dtype: np.dtype) -> tuple[int, ...]:
    """Of at most `SIDE` a side and `BYTES` in all, where the longest are halved."""
    made = [max(min(n, SIDE), 1) for n in shape]
    while made and math.prod(made) * dtype.itemsize > BYTES:
        longest = made.index(max(made))
        made[longest] = -(-made[longest] // 2)
    return tuple(made)

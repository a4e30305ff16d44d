"""Formats that are written by parts."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rfonnx.data.npy import read_header
from rfonnx.errors import DataError
from rfonnx.tiling.storage.libraries import tiff_library, zarr_library
from rfonnx.tiling.storage.rows import Rows

SIDE, BYTES = 512, 2**22
"""Longest side of a Zarr chunk, and most bytes of one: what is written at a time."""

OME_AXES = {2: "yx", 3: "cyx", 4: "tcyx", 5: "tczyx"}
"""By number of axes; the batch is time."""


def write_npy(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    """A .npy file."""
    if not again:
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": dtype.str, "fortran_order": False, "shape": shape})
            _reserve(file.fileno(), file.tell() + dtype.itemsize * math.prod(shape))
    with path.open("rb") as file:
        header = read_header(file, str(path))
    if path.stat().st_size != header.begun + header.bytes:
        raise ValueError("it was cut off")
    return Rows(path, header.begun, header.shape, header.dtype, "r+")


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


def write_tiff(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Any:
    """A plain BigTIFF, a page for each plane, without compression, so that parts can be written in place.

    Raises:
        DataError: it is no image, or of a type that TIFF has not.
    """
    tifffile = tiff_library()
    if len(shape) < 2 or not math.prod(shape) or dtype.kind not in "uifc":
        raise DataError(f"a TIFF cannot hold {shape} of {dtype}", "write .npy or .zarr")
    if not again:
        planes = (*(n for n in shape[:-2] if n > 1), *shape[-2:])
        tifffile.memmap(path, shape=planes, dtype=dtype, bigtiff=True, photometric="minisblack")
        with path.open("r+b") as file:
            _reserve(file.fileno(), path.stat().st_size)
    mapped = tifffile.memmap(path, mode="r")
    return Rows(path, mapped.offset, shape if mapped.size == math.prod(shape) else mapped.shape, mapped.dtype, "r+")


WRITERS: dict[str, Callable[[Path, tuple[int, ...], np.dtype, bool], Any]] = {
    ".npy": write_npy,
    ".ome.zarr": write_ome_zarr,
    ".zarr": write_zarr,
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


def _reserve(descriptor: int, size: int) -> None:
    """Take the room on disk at once: a write into a memory map that finds none ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)

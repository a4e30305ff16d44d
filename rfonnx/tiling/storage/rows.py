"""Plain arrays in files, in row-major order, of which only what is asked for is mapped: address space may be limited too."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from rfonnx.data.npy import read_header

PIXEL = 16
"""A last axis of so few elements holds those of a pixel: a row is one of pixels then."""


class Rows:
    """An array in a file. Each access maps the rows that it touches, a plane at a time."""

    def __init__(
        self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype, mode: Literal["r", "r+"] = "r"
    ) -> None:
        """Nothing is mapped yet; `offset`: of the first element, in bytes."""
        self.path, self.offset, self._mode = path, offset, mode
        self.shape, self.dtype = shape, dtype

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        """A copy of a part."""
        ranges = self._ranges(index)
        made = np.empty([len(one) for one in ranges], self.dtype)
        for place, plane, columns in self._planes(ranges):
            made[place] = plane[:, columns].reshape(made[place].shape)
        return made

    def __setitem__(self, index: tuple[slice, ...], value: np.ndarray) -> None:
        """Write a part."""
        ranges = self._ranges(index)
        for place, plane, columns in self._planes(ranges):
            plane[:, columns] = value[place].reshape(plane.shape[0], -1)

    def _ranges(self, index: tuple[slice, ...]) -> list[range]:
        return [range(*one.indices(n)) for one, n in zip(index, self.shape, strict=True)]

    def _planes(self, ranges: list[range]) -> Iterator[tuple[tuple[int, ...], np.memmap, slice]]:
        """By index of the leading axes: the rows that are asked for, and the columns in them."""
        *leading, columns = ranges or [range(1)]
        shape = self.shape or (1,)
        if leading[1:] and len(columns) == shape[-1] <= PIXEL:
            pixels, width = leading.pop(), shape[-1]
            columns, shape = range(pixels.start * width, pixels.stop * width), (*shape[:-2], shape[-2] * width)
        rows = leading.pop() if leading else range(1)
        width = shape[-1] * self.dtype.itemsize
        height = shape[-2] if len(shape) > 1 else 1
        if not (rows and columns):
            return
        for place in np.ndindex(*(len(one) for one in leading)):
            number = 0
            for n, one, at in zip(shape[: len(leading)], leading, place, strict=True):
                number = number * n + one[at]
            begin = self.offset + (number * height + rows.start) * width
            mapped = np.memmap(self.path, self.dtype, self._mode, begin, (len(rows), shape[-1]))
            yield place, mapped, slice(columns.start, columns.stop)


def write_npy(path: Path, shape: tuple[int, ...], dtype: np.dtype, again: bool) -> Rows:
    """A .npy file."""
    if not again:
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": dtype.str, "fortran_order": False, "shape": shape})
            reserve(file.fileno(), file.tell() + dtype.itemsize * math.prod(shape))
    with path.open("rb") as file:
        header = read_header(file, str(path))
    if path.stat().st_size != header.begun + header.bytes:
        raise ValueError("it was cut off")
    return Rows(path, header.begun, header.shape, header.dtype, "r+")


def reserve(descriptor: int, size: int) -> None:
    """Take the room on disk at once: a write into a memory map that finds none ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)

"""A source as a model's input takes it: with its axes, and in its type."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rfonnx.data.npy import reason_of
from rfonnx.data.preparation import Preparation
from rfonnx.errors import DataError
from rfonnx.graph.text import quote
from rfonnx.system.named import NamedTuple
from rfonnx.tiling.storage.axes import arrange
from rfonnx.tiling.storage.opening import Source


class Numbers(NamedTuple):
    """How numbers become those of the input: times `scale`, minus `mean`, over `std`; the last two by channel, or one for all."""

    scale: float
    mean: np.ndarray
    std: np.ndarray


class Fitted:
    """A source whose parts are parts of an input."""

    def __init__(self, source: Source, rank: int, dtype: np.dtype, prep: Preparation, name: str) -> None:
        """Nothing is read yet.

        Args:
            source: the file.
            rank, dtype: of the input.
            prep: its `scale`, `mean` and `std` are applied, and its `layout` says where the model wants channels.
            name: the input's.

        Raises:
            DataError: the axes or the types do not fit, or something else is to be prepared.
        """
        self._array, self._name, self.close = source.array, name, source.close
        stored = tuple(source.array.shape)
        axes = arrange(stored, source.axes, rank, prep.layout == "nhwc")
        if axes is None:
            held = f"{'x'.join(map(str, stored))} {', '.join(source.axes)}".rstrip()
            raise DataError(
                f"input {quote(name)} has {rank} axes, and the file has {len(stored)} ({held})",
                "give an array with the input's axes; a batch of one and a single channel are added, and named axes of 1 dropped",
            )
        self._axes = axes
        self.shape = tuple(1 if axis is None else stored[axis] for axis in axes)
        if not math.prod(self.shape):
            held = "x".join(map(str, self.shape))
            raise DataError(f"input {quote(name)} is {held} in the file: it holds nothing", "give a file that does")
        self.dtype = dtype
        self._numbers = _numbers(source, dtype, prep, name, self.shape)

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        """A part of the input.

        Raises:
            DataError: it cannot be read, or holds something that is no number.
        """
        inner = [slice(0, 1)] * len(self._array.shape)
        for axis, one in zip(self._axes, index, strict=True):
            if axis is not None:
                inner[axis] = one
        try:
            made = np.asarray(self._array[tuple(inner)])
        except Exception as error:  # the libraries raise what they like on broken files: zlib.error, struct.error, ...
            places = [(one.start, one.stop) for one in index]
            told = f"input {quote(self._name)}: positions {places} cannot be read ({reason_of(error)})"
            raise DataError(
                told,
                "check the file; what packs pixels in other ways than zlib (JPEG, LZW) needs `pip install imagecodecs`",
            ) from error
        kept = [axis for axis in self._axes if axis is not None]
        made = made.transpose(*kept, *(axis for axis in range(made.ndim) if axis not in kept))
        lengths = iter(made.shape)
        made = made.reshape([1 if axis is None else next(lengths) for axis in self._axes])
        if self._numbers is not None:
            scale, mean, std = self._numbers
            made = (made * np.float32(scale) - mean) / std
        made = made.astype(self.dtype, copy=False)
        if made.dtype.kind == "f" and not np.isfinite(made).all():
            at = np.argwhere(~np.isfinite(made))[0]
            where = tuple(int(one.start + offset) for one, offset in zip(index, at, strict=True))
            told = f"input {quote(self._name)} holds no finite number at {where}"
            raise DataError(told, "replace NaN and infinity in the file")
        return made


def _numbers(source: Source, dtype: np.dtype, prep: Preparation, name: str, shape: tuple[int, ...]) -> Numbers | None:
    stored = np.dtype(source.array.dtype)
    if stored.kind not in "buif":
        raise DataError(f"input {quote(name)} holds {dtype}, and the file {stored}", "give a file of real numbers")
    if prep.size or prep.crop or prep.channels:
        raise DataError(
            "--prep size, crop and channels are not for tiles", "prepare the file so, and give scale, mean, std, layout"
        )
    asked = prep.scale is not None or prep.mean is not None or prep.std is not None
    picture = source.picture and dtype.kind == "f"
    if not asked and stored.newbyteorder("=") == dtype:
        return None
    if not asked and not picture:
        raise DataError(
            f"input {quote(name)} holds {dtype}, and the file {stored}",
            "convert the file, or say how with --prep scale=..., mean=..., std=...",
        )
    if dtype.kind != "f":
        raise DataError(f"input {quote(name)} holds {dtype}, and scaled numbers are real ones", "leave --prep out")
    scale = prep.scale if prep.scale is not None else 1 / 255 if picture else 1.0
    at = len(shape) - 1 if prep.layout == "nhwc" else 1 if len(shape) > 1 else 0
    mean, std = (_by_channel(name, numbers, shape, at) for numbers in (prep.mean or (0,), prep.std or (1,)))
    return Numbers(scale, mean, std)


def _by_channel(name: str, numbers: Sequence[float], shape: tuple[int, ...], at: int) -> np.ndarray:
    if len(numbers) not in (1, shape[at]):
        raise DataError(
            f"input {quote(name)} has {shape[at]} channels, and --prep mean or std {len(numbers)} numbers",
            "give one number, or one for each channel",
        )
    return np.asarray(numbers, np.float32).reshape([-1 if axis == at else 1 for axis in range(len(shape))])

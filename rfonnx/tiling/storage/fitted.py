"""A source as a model's input takes it: with its axes, and in its type."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfonnx.data.preparation import Preparation
from rfonnx.errors import DataError
from rfonnx.graph.text import quote
from rfonnx.tiling.storage.opening import Source


class Numbers(NamedTuple):
    """How numbers become those of the input: times `scale`, minus `mean`, over `std`; the last two by channel, or one for all."""

    scale: float
    mean: np.ndarray
    std: np.ndarray


class Fitted:
    """A source whose parts are parts of an input.

    A batch of one and a single channel are added in front where they are missing; channels that lie last go before the rows.
    """

    def __init__(self, source: Source, rank: int, dtype: np.dtype, prep: Preparation, name: str) -> None:
        """Nothing is read yet.

        Args:
            source: the file.
            rank, dtype: of the input.
            prep: its `scale`, `mean` and `std` are applied, and its `layout` says where the model wants channels.
            name: the input's.

        Raises:
            DataError: the numbers of axes or the types do not fit.
        """
        self._array, self._name, self.close = source.array, name, source.close
        stored = tuple(source.array.shape)
        self._move = source.channels_last and prep.layout != "nhwc" and len(stored) > 2
        moved = (stored[-1], *stored[:-1]) if self._move else stored
        if self._move and len(stored) == rank:  # pages or batches before the rows
            moved = (stored[0], stored[-1], *stored[1:-1])
        self._added = rank - len(stored)
        if self._added not in (0, 1, 2) or (self._added == 2 and source.channels_last):
            raise DataError(
                f"input {quote(name)} has {rank} axes, and the file has {len(stored)} ({'x'.join(map(str, stored))})",
                "give an array with the input's axes; only a batch of one and a single channel are added",
            )
        self.shape = (*[1] * self._added, *moved)
        self.dtype = dtype
        self._numbers = _numbers(source, dtype, prep, name, self.shape)

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        """A part of the input.

        Raises:
            DataError: it holds something that is no number.
        """
        inner = index[self._added :]
        if self._move:
            rank = len(inner)
            inner = (inner[0], *inner[2:], inner[1]) if rank == len(self.shape) else (*inner[1:], inner[0])
        made = np.asarray(self._array[inner])
        if self._move:
            made = np.moveaxis(made, -1, 1 if len(inner) == len(self.shape) else 0)
        made = made.reshape(*[1] * self._added, *made.shape)
        if self._numbers is not None:
            scale, mean, std = self._numbers
            made = ((made * np.float32(scale) - mean) / std).astype(self.dtype)
        if made.dtype.kind == "f" and not np.isfinite(made).all():
            at = np.argwhere(~np.isfinite(made))[0]
            where = tuple(int(one.start + offset) for one, offset in zip(index, at, strict=True))
            told = f"input {quote(self._name)} holds no finite number at {where}"
            raise DataError(told, "replace NaN and infinity in the file")
        return made


def _numbers(source: Source, dtype: np.dtype, prep: Preparation, name: str, shape: tuple[int, ...]) -> Numbers | None:
    stored = np.dtype(source.array.dtype)
    asked = prep.scale is not None or prep.mean is not None or prep.std is not None
    if stored == dtype and not asked:
        return None
    picture = source.picture and stored.kind == "u"
    if not asked and not (picture and dtype.kind == "f"):
        raise DataError(
            f"input {quote(name)} holds {dtype}, and the file {stored}",
            "convert the file, or say how with --prep scale=..., mean=..., std=...",
        )
    if dtype.kind != "f":
        raise DataError(f"input {quote(name)} holds {dtype}, and scaled numbers are real ones", "leave --prep out")
    scale = prep.scale if prep.scale is not None else 1 / np.iinfo(stored).max if picture else 1.0
    channels = (-1, *[1] * (len(shape) - 2)) if prep.layout != "nhwc" else (-1,)
    mean, std = (np.asarray(one or (default,), np.float32) for one, default in ((prep.mean, 0), (prep.std, 1)))
    return Numbers(scale, mean.reshape(channels), std.reshape(channels))

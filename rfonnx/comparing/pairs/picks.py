"""A part of an output, written as in numpy: `output0[:, 4:]`. Positions are of the whole tensor, the batch axis included."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from types import EllipsisType

import numpy as np

from rfonnx.errors import QueryError, ShapeError
from rfonnx.results.plain import shape_text

Entry = slice | int | EllipsisType

PART = re.compile(r"(?P<name>.+?)\[(?P<inside>[-0-9:., ]{1,200})\]")
NUMBER = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True, slots=True)
class Pick:
    """A part of a tensor.

    Attributes:
        text: as it was written, brackets included.
        entries: one per axis; axes behind the last one are whole.
    """

    text: str
    entries: tuple[Entry, ...]

    def __call__(self, rows: np.ndarray, name: str, axis: int | None) -> np.ndarray:
        """The part, samples still along axis 0.

        Args:
            rows: an output whose samples are along axis 0.
            name: of the output, for messages.
            axis: along which samples lie in the whole tensor, or None: the tensor is one sample's.

        Raises:
            ShapeError: it has fewer axes, nothing is left, or the part would leave out samples.
        """
        rank = rows.ndim - (axis is None)
        entries = list(self.entries)
        if Ellipsis in entries:
            at = entries.index(Ellipsis)
            entries[at : at + 1] = [slice(None)] * max(0, rank - len(entries) + 1)
        if len(entries) > rank:
            raise ShapeError(
                f"'{name}{self.text}' has {len(entries)} positions, the output {rank} axes", "leave some out"
            )
        if axis is not None:
            entries += [slice(None)] * (axis + 1 - len(entries))
            if entries.pop(axis) != slice(None):
                raise ShapeError(
                    f"'{name}{self.text}' leaves out samples: they lie along axis {axis}", f"write : for axis {axis}"
                )
        try:
            part = rows[(slice(None), *entries)]
        except IndexError as error:
            raise ShapeError(f"'{name}{self.text}': {error}", "positions count from 0") from None
        if not part.size and rows.size:
            whole = shape_text(rows.shape[1:])
            raise ShapeError(
                f"'{name}{self.text}' is empty: one sample of the output is {whole}", "take a part within it"
            )
        return part


def split(text: str, names: Collection[str], flag: str) -> tuple[str, Pick | None]:
    """An output's name, and the part of it that is meant, or None for all of it.

    Args:
        names: of the outputs; one that ends in brackets is taken as it stands.
        flag: for messages.

    Raises:
        QueryError: what stands in the brackets is no part.
    """
    found = PART.fullmatch(text)
    if text in names or found is None:
        return text, None
    entries = tuple(_entry(text, flag, word.strip()) for word in found["inside"].split(","))
    if entries.count(Ellipsis) > 1:
        raise QueryError(f"{flag} {text}: '...' stands there twice", "write it once")
    return found["name"], Pick(text[len(found["name"]) :], entries)


def _entry(text: str, flag: str, word: str) -> Entry:
    if word == "...":
        return Ellipsis
    parts = [part.strip() for part in word.split(":")]
    numbers = [int(part) if NUMBER.fullmatch(part) else None for part in parts]
    wrong = any(part and number is None for part, number in zip(parts, numbers, strict=True))
    if wrong or len(parts) > 3 or parts == [""] or (len(parts) == 3 and numbers[2] == 0):
        raise QueryError(f"{flag} {text}: '{word}' is no position and no range", "write such as [:,4:] or [...,0]")
    return int(parts[0]) if len(parts) == 1 else slice(*numbers)

"""Plain data on tiles: where they lie, and what a plan found. Positions count from 0; ranges are half open, `[start, stop)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Pair = tuple[str, int]
"""An input or output, and one of its axes."""

Ranges = tuple[tuple[int, int], ...]
"""By axis of a tensor: first position, and the one behind the last."""


@dataclass(frozen=True, slots=True)
class TiledAxis:
    """Axes along which a model is tiled together: rows of the image, of its mask, and of the outputs.

    All move by whole steps of the grid.

    Attributes:
        inputs: by (input, axis): positions per step. Tiles begin at multiples of it.
        outputs: by (output, axis): positions per step.
        before, after: steps that a crop holds beside what is kept of it.
        halo: by (input, axis): positions before and after a part on the grid that the part sees: the least that suffices.
        lengths: length of every one of these axes, inputs and outputs, in the whole.
    """

    inputs: Mapping[Pair, int]
    outputs: Mapping[Pair, int]
    before: int
    after: int
    halo: Mapping[Pair, tuple[int, int]]
    lengths: Mapping[Pair, int]


@dataclass(frozen=True, slots=True)
class Tile:
    """One run of the model.

    Attributes:
        index: which one, from 0, rows before columns.
        crops: by input: the part that is read.
        kept: by output: the part of the whole that it makes.
        local: by output: where that part lies in what the run makes.
    """

    index: int
    crops: Mapping[str, Ranges]
    kept: Mapping[str, Ranges]
    local: Mapping[str, Ranges]

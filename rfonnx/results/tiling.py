"""Plain data on tiles: where they lie, and what a plan found. Positions count from 0; ranges are half open, `[start, stop)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rfonnx.errors import QueryError

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


@dataclass(frozen=True, slots=True)
class ValidLengths:
    """Lengths that a model takes along axes that are tiled: `least + n * step`."""

    least: int
    step: int


@dataclass(frozen=True, slots=True)
class Approximate:
    """A halo that holds most of what the middle unit of an output uses, by measurement.

    Attributes:
        output, input, axis: of the unit, and of what it looks at.
        before, after: positions.
        mass: share of what it uses that lies within the halos of all axes.
        samples: random ones that were run.
    """

    output: str
    input: str
    axis: int
    before: int
    after: int
    mass: float
    samples: int


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan of tiles, as plain data.

    Attributes:
        model: the file's name.
        exact: every tile is proven to be what the whole has there.
        reasons: a line each, why not.
        assumptions: a line each, what else the proof stands on.
        axes: groups of axes that are tiled; rows, then columns.
        whole: axes that windows slide along and that are not tiled, with the reason.
        valid: by (input, axis) that is tiled: the lengths that the model takes.
        seen_inputs, seen_outputs: shapes at which the model was looked at.
        input_shapes, output_shapes: of the whole; {}: no size was asked for.
        crop_shapes: of each run.
        counts: tiles along each of `axes`; (): no size was asked for.
        recomputed: work that is done twice, as a share of the whole's.
        memory: bytes that a run of one crop adds to a process, measured; None: it was not.
        stages: tensors whose figures each pass before the last one gathers.
        approximate: halos that hold most of what outputs use, where they were asked for.
        staged: passes, where only stages make tiles exact and they were not asked for; 0: they do not, or were.
        tiles: all, in rows; (): no size was asked for, or none are exact.
    """

    model: str
    exact: bool
    reasons: tuple[str, ...]
    assumptions: tuple[str, ...]
    axes: tuple[TiledAxis, ...]
    whole: Mapping[Pair, str]
    valid: Mapping[Pair, ValidLengths]
    seen_inputs: Mapping[str, tuple[int, ...]]
    seen_outputs: Mapping[str, tuple[int, ...]]
    input_shapes: Mapping[str, tuple[int, ...]]
    output_shapes: Mapping[str, tuple[int, ...]]
    crop_shapes: Mapping[str, tuple[int, ...]]
    counts: tuple[int, ...]
    recomputed: float
    memory: int | None = None
    stages: tuple[tuple[str, ...], ...] = ()
    staged: int = 0
    approximate: tuple[Approximate, ...] = ()
    tiles: Sequence[Tile] = ()

    def refuse_inexact(self) -> None:
        """For formats that can say nothing else.

        Raises:
            QueryError: no tiles are exact.
        """
        if not self.exact:
            told = f"no tiles of {self.model} are exact: {self.reasons[0]}"
            raise QueryError(told, "see the whole verdict with --format text")

"""A plan of tiles: where they lie, and whether together they are what the whole would be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.graph.nodes import Graph
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.tiling import Approximate, Pair, PlanSummary, Ranges, Tile, TiledAxis
from rfonnx.tiling.dims import Lengths, longer
from rfonnx.tiling.line import Line
from rfonnx.tiling.stages.statistic import Statistic
from rfonnx.tiling.valid import valid_lengths


@dataclass(frozen=True, slots=True)
class Cut:
    """One group of axes, cut: `count` crops of `crop` steps each."""

    axis: TiledAxis
    line: Line
    count: int
    crop: int


@dataclass(frozen=True)
class Plan:
    """How a model is run on tiles, as data.

    Attributes:
        name: the file's.
        model: what runs; its tiled axes are open where the network allows that.
        seen: shapes of the inputs in the analysis that the plan was made from: the whole's, where that has room for a halo.
        input_dtypes: numpy's name of the type of each input of this pass.
        exact: every tile is proven to be what the whole has there.
        reasons: a line each, why not.
        axes: groups of axes that can be tiled; rows, then columns.
        whole: axes of inputs that windows slide along and that cannot be tiled, with the reason; every tile has all of them.
        input_shapes, output_shapes: of the whole, by name; {}: no size was asked for.
        output_dtypes: numpy's names.
        cuts: the tiles along each of `axes`; (): no size was asked for.
        again: makes the same plan for a whole of other shapes.
        memory: bytes that a run of one crop adds to a process, measured; None: it was not.
        assumptions: a line each, what else the proof stands on.
        stages: passes before the last one; what they gather are inputs of `model`.
        file: the model that stages divide; None: it is not divided.
    """

    name: str
    model: Opened
    seen: Lengths
    input_dtypes: Mapping[str, str]
    exact: bool
    reasons: tuple[str, ...]
    axes: tuple[TiledAxis, ...]
    whole: Mapping[Pair, str]
    input_shapes: Mapping[str, tuple[int, ...]]
    output_shapes: Mapping[str, tuple[int, ...]]
    output_dtypes: Mapping[str, str]
    cuts: tuple[Cut, ...]
    again: Callable[[Shapes], Plan] = field(repr=False, compare=False)
    memory: int | None = None
    assumptions: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    file: Opened | None = None

    @property
    def undivided(self) -> Opened:
        """The model, with its tiled axes open where the network allows that."""
        return self.file or self.model

    @property
    def halo(self) -> dict[Pair, tuple[int, int]]:
        """By (input, axis): positions before and after a part on the grid that the part sees: the least that suffices."""
        return {pair: halo for axis in self.axes for pair, halo in axis.halo.items()}

    @property
    def grid(self) -> dict[Pair, int]:
        """By (input, axis): crops and what is kept of them begin at multiples of it."""
        return {pair: step for axis in self.axes for pair, step in axis.inputs.items()}

    @property
    def passes(self) -> tuple[Plan, ...]:
        """The plans of all passes; this is the last."""
        return (*(stage.plan for stage in self.stages), self)

    @property
    def figures(self) -> set[str]:
        """Inputs that hold what earlier passes gather, of all passes."""
        return {name for stage in self.stages for one in stage.statistics for name in one.names}

    @property
    def file_inputs(self) -> dict[str, str]:
        """numpy's name of the type of each of the file's inputs."""
        dtypes = {name: dtype for plan in self.passes for name, dtype in plan.input_dtypes.items()}
        return {name: dtype for name, dtype in dtypes.items() if name not in self.figures}

    @property
    def file_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each of the file's inputs in the whole; {}: no size was asked for."""
        shapes = {name: shape for plan in self.passes for name, shape in plan.input_shapes.items()}
        return {name: shape for name, shape in shapes.items() if name not in self.figures}

    @property
    def graph(self) -> Graph:
        """The model's at the shapes that were seen."""
        return self.model.graph(self.seen)

    @property
    def analysis(self) -> Analysis:
        """That the plan was made from. It is made again where nobody holds it: its tables are larger than what a run needs."""
        return analyze(self.model, self.seen)

    @cached_property
    def crop_shapes(self) -> dict[str, tuple[int, ...]]:
        """By input: the shape of every crop."""
        further = {
            pair: (cut.crop - cut.line.steps) * step for cut in self.cuts for pair, step in cut.axis.inputs.items()
        }
        return longer(self.input_shapes, further)

    @property
    def tiles(self) -> Tiles:
        """All tiles, in rows; each is made when it is asked for."""
        return Tiles(self)

    def summary(self, staged: int = 0, approximate: Sequence[Approximate] = ()) -> PlanSummary:
        """The plan as plain data.

        Args:
            staged: passes of a plan in stages that is exact where this one is not; 0: there is none.
            approximate: halos that were measured.
        """
        shapes = self.graph.shapes
        return PlanSummary(
            model=self.name,
            exact=self.exact,
            reasons=self.reasons,
            assumptions=self.assumptions,
            axes=self.axes,
            whole=self.whole,
            valid=dict(one for axis in self.axes for one in valid_lengths(self.model, self.seen, axis)),
            seen_inputs=self.seen,
            seen_outputs={name: tuple(n or 0 for n in shapes[name] or ()) for name in self.output_dtypes},
            input_shapes=self.input_shapes,
            output_shapes=self.output_shapes,
            crop_shapes=self.crop_shapes,
            counts=tuple(cut.count for cut in self.cuts),
            recomputed=self.recomputed,
            memory=self.memory,
            stages=tuple(tuple(one.tensor for one in stage.statistics) for stage in self.stages),
            staged=staged,
            approximate=tuple(approximate),
            tiles=self.tiles,
        )

    @property
    def recomputed(self) -> float:
        """Work that tiles do twice, as a share of the whole's: positions of the crops of the first tiled input over its own."""
        cropped = math.prod(cut.count * cut.crop / cut.line.steps for cut in self.cuts)
        return cropped - 1


@dataclass(frozen=True, slots=True)
class Stage:
    """A pass over all tiles that gathers figures which the next ones need.

    Attributes:
        plan: of the part of the model that makes what the figures are taken of: its outputs.
        statistics: the figures.
    """

    plan: Plan
    statistics: tuple[Statistic, ...]


class Tiles(Sequence[Tile]):
    """The tiles of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._counts = [cut.count for cut in plan.cuts]

    def __len__(self) -> int:
        return math.prod(self._counts) if self._plan.exact and self._plan.input_shapes else 0

    @overload
    def __getitem__(self, index: int) -> Tile: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tile]: ...
    def __getitem__(self, index: int | slice) -> Tile | Sequence[Tile]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"tile {index} of {len(self)}")
        return self._tile(index % len(self))

    def __iter__(self) -> Iterator[Tile]:
        return (self._tile(index) for index in range(len(self)))

    def _tile(self, index: int) -> Tile:
        plan, rest = self._plan, index
        crops = {name: [(0, n) for n in shape] for name, shape in plan.crop_shapes.items()}
        kept = {name: [(0, n) for n in shape] for name, shape in plan.output_shapes.items()}
        local = {name: list(ranges) for name, ranges in kept.items()}
        for cut in reversed(plan.cuts):
            rest, place = divmod(rest, cut.count)
            first, end, origin = cut.line.tile(place, cut.count, cut.crop)
            for (name, axis), step in cut.axis.inputs.items():
                crops[name][axis] = (origin * step, origin * step + crops[name][axis][1])
            for (name, axis), step in cut.axis.outputs.items():
                length = cut.axis.lengths[name, axis]
                start = min(first * step, length)
                stop = length if end == cut.line.kept else min(end * step, length)
                kept[name][axis] = (start, stop)
                local[name][axis] = (start - origin * step, stop - origin * step)
        return Tile(index, _ranges(crops), _ranges(kept), _ranges(local))


def _ranges(found: Mapping[str, list[tuple[int, int]]]) -> dict[str, Ranges]:
    return {name: tuple(ranges) for name, ranges in found.items()}

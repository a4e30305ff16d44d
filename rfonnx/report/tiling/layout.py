"""The layout of the JSON of tiles, as types; see `rfonnx.results.layout`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from rfonnx.results.layout import Picked
from rfonnx.results.tiling import PlanSummary
from rfonnx.results.verification import SizeCheck, Verification


class TiledInput(TypedDict):
    """An axis of an input that is tiled.

    Attributes:
        input, axis: which it is.
        grid: positions per step: crops begin at multiples of it.
        halo: positions before and after a part on the grid that the part sees: the least that suffices.
        margin: positions before and after what is kept that a crop holds: the halo in whole steps.
        least, step: the model takes the lengths `least + n * step`.
        length: of the axis in the whole; null where no size was asked for.
    """

    input: str
    axis: int
    grid: int
    halo: tuple[int, int]
    margin: tuple[int, int]
    least: int
    step: int
    length: int | None


class TiledOutput(TypedDict):
    """An axis of an output that is tiled.

    Attributes:
        output, axis: which it is.
        grid: positions per step.
        length: of the axis in the whole; null where no size was asked for.
    """

    output: str
    axis: int
    grid: int
    length: int | None


class TiledGroup(TypedDict):
    """Axes along which the model is tiled together.

    Attributes:
        inputs: axes of inputs.
        outputs: axes of outputs.
        tiles: how many there are along them; null where no size was asked for.
    """

    inputs: list[TiledInput]
    outputs: list[TiledOutput]
    tiles: int | None


class WholeAxis(TypedDict):
    """An axis that windows slide along, and that is not tiled.

    Attributes:
        input, axis: which it is.
        reason: why it is not.
    """

    input: str
    axis: int
    reason: str


PLAN = (
    *("model", "exact", "reasons", "assumptions", "input_shapes", "output_shapes", "crop_shapes", "memory", "stages"),
    *("staged", "approximate"),
)
"""Attributes of `PlanSummary` that are written as they are."""


class PlanRow(TypedDict):
    """A plan of exact tiles, or what keeps them from being exact: the JSON of `rfonnx tile plan`.

    Attributes:
        whole: axes that windows slide along and that are not tiled.
        axes: groups of axes that are tiled; rows, then columns.
        recomputed: work that is done twice, as a share of the whole's; null where no size was asked for.
    """

    whole: list[WholeAxis]
    axes: list[TiledGroup]
    recomputed: float | None


Planned = Annotated[PlanRow, Picked(PlanSummary, PLAN)]


class SizeRow(TypedDict):
    """The verdict on one size.

    Attributes:
        passed: it was run, and tiles are what the whole is, but for rounding.
    """

    passed: bool


class OppositeRow(TypedDict):
    """What must go wrong, if the plan is the least that does.

    Attributes:
        kind: "halo": the last position of the halo is replaced, which changes what is kept; "crop": a crop that is one step
            of the grid shorter gives something else; "grid": so does a crop that begins off the grid.
        input, axis: where.
        side: "before" or "after"; "" for "grid".
        by: positions of the input: the halo, the shorter margin, the shift.
        differs: it went wrong, by more than twice the rounding of the plan's own crop.
        share: by how much, as a share of the output's largest value; null: the model does not run so.
    """

    kind: str
    input: str
    axis: int
    side: str
    by: int
    differs: bool
    share: float | None


VERIFIED = ("model", "passed", "identical", "least", "reasons", "samples")
"""Attributes of `Verification` that are written as they are."""


class VerifiedRow(TypedDict):
    """What running showed of a plan of tiles: the JSON of `rfonnx tile verify`.

    Attributes:
        sizes: where the whole was held against tiles.
        opposites: what must go wrong.
    """

    sizes: list[Annotated[SizeRow, SizeCheck]]
    opposites: list[OppositeRow]


Verified = Annotated[VerifiedRow, Picked(Verification, VERIFIED)]

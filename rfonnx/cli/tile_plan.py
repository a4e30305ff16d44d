"""`rfonnx tile plan MODEL`: the halo, the grid and the tiles, or why there are none."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from rfonnx.cli import options, words
from rfonnx.cli.failures import CHECK_FAILED
from rfonnx.cli.from_settings import setting_options
from rfonnx.cli.numbers import Number
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.errors import RfonnxError
from rfonnx.report.formats import TILES
from rfonnx.results.tiling import Approximate
from rfonnx.tiling.asked import Asked


@click.command("plan")
@options.model_argument
@options.size_option("none: halo, grid and verdict alone")
@setting_options(Asked, "tile", type=words.lengths)
@setting_options(Asked, "memory", type=words.memory)
@click.option(
    "--mass",
    type=Number("mass"),
    metavar="SHARE",
    help="Measure the halo that holds this share of what outputs use, such as 0.99: for tiles that are not exact.",
)
@setting_options(Asked, "stages")
@options.report_options(TILES.formats)
def command(
    model: str,
    size: tuple[int, ...] | None,
    tile: tuple[int, ...] | None,
    memory: int | None,
    mass: float | None,
    stages: bool,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
) -> int:
    """Plan exact tiles for MODEL, an ONNX file: the least halo of each side, the grid, and the sizes that it takes.

    Exit code 1 when no tiles are exact; what keeps them from it is named.
    """
    from rfonnx.model.opened import with_values
    from rfonnx.tiling.tile_plan import tile_plan

    if memory is not None and not (size or shapes):
        raise click.UsageError("--memory needs the size of the whole: give --size too")
    out = open_output(TILES, output, style, model)
    halos: list[Approximate] = []
    with waiting(f"analysing {model}"):
        source = with_values(model, values)
        plan = tile_plan(source, shapes, tile, size, stages, memory)
        other = None
        with suppress(RfonnxError):  # of advice alone: weights may be missing, which other passes need
            other = None if plan.exact or stages else tile_plan(source, stages=True)
        if mass is not None:
            from rfonnx.tiling.mass import approximate  # measures: not every plan waits for that

            halos = approximate(source, plan, mass)
        staged = len(other.stages) + 1 if other and other.exact and other.stages else 0
        summary = plan.summary(staged, halos)
    out.write(summary)
    return 0 if plan.exact else CHECK_FAILED

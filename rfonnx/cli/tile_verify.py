"""`rfonnx tile verify MODEL`: the whole against tiles, by running both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rfonnx.cli import options, words
from rfonnx.cli.failures import CHECK_FAILED
from rfonnx.cli.from_settings import given, setting_options
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.effective.settings import Settings
from rfonnx.report.formats import VERIFICATION
from rfonnx.tiling.asked import Asked


@click.command("verify")
@options.model_argument
@options.size_option("a few, as small as the halo allows")
@setting_options(Asked, "tile", type=words.lengths)
@setting_options(Asked, "stages")
@click.option("--data", metavar="FILE", help="The whole: a .npy file, or a .npz file with an array per input.")
@setting_options(Settings, "seed", "threads", "providers")
@options.report_options(VERIFICATION.formats)
def command(
    model: str,
    size: tuple[int, ...] | None,
    tile: tuple[int, ...] | None,
    data: str | None,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
    stages: bool,
    **more: Any,
) -> int:
    """Hold tiles of MODEL, an ONNX file, against the whole by running both.

    Exit code 1 when a tile differs by more than rounding, when anything outside a crop changes what is kept, or when there
    is nothing to hold against the whole.
    """
    import rfonnx

    out = open_output(VERIFICATION, output, style, model, data)
    if data is not None and size is not None:
        raise click.UsageError("--data has a size: leave out --size")
    inputs = None if data is None else _arrays(data)
    if size is None and tile is not None and inputs is None:
        raise click.UsageError("--tile needs --size or --data: without them the tiles are as small as the halo allows")
    with waiting(f"running {model}"):
        sized = {name: tuple(array.shape) for name, array in inputs.items() if name} if inputs else shapes
        plan = rfonnx.tile(model, sized, tile, size=size, values=values, stages=stages)
        found = plan.verify(_named(inputs), **given(more))
    out.write(found)
    return 0 if found.passed else CHECK_FAILED


def _arrays(data: str) -> dict[str, Any]:
    """The arrays of a file by name; "" where it gives none."""
    from rfonnx.data.archive import stored_arrays

    return {name: stored.read() for name, stored in stored_arrays(Path(data)).items()}


def _named(inputs: dict[str, Any] | None) -> Any:
    """One array without a name is that of the only input."""
    return inputs[""] if inputs and set(inputs) == {""} else inputs

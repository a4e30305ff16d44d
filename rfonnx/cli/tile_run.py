"""`rfonnx tile run MODEL INPUT OUTPUT`: a model on files larger than memory."""

from __future__ import annotations

import gc
from typing import Any

import click

from rfonnx.cli import options, words
from rfonnx.cli.deadline import timeout_option
from rfonnx.cli.from_settings import given, setting_options
from rfonnx.cli.terminal_options import terminal_options
from rfonnx.tiling.asked import Asked


@click.command("run")
@options.model_argument
@click.argument("source", metavar="INPUT")
@click.argument("sink", metavar="OUTPUT")
@options.named_option("--input", "inputs", words.pair, "NAME=PATH", "Another input, of a model that has several.")
@options.named_option("--output", "outputs", words.pair, "NAME=PATH", "Another output, of a model that has several.")
@setting_options(Asked, "tile", type=words.lengths)
@setting_options(Asked, "memory", type=words.memory)
@options.named_option(
    "--prep", "prep", words.pair, "KEY=VALUE", "How numbers become those of the model: scale, mean, std, layout."
)
@setting_options(Asked, "stages", "workers", "threads", "providers", "scheduler", "overwrite", "restart")
@timeout_option
@terminal_options
@options.value_option
def command(
    model: str,
    source: str,
    sink: str,
    inputs: dict[str, str],
    outputs: dict[str, str],
    prep: dict[str, str],
    values: dict[str, Any],
    **more: Any,
) -> None:
    """Run MODEL, an ONNX file, on tiles of INPUT, and write OUTPUT: what the whole would be, in the memory that a tile takes.

    INPUT is a .npy file, a Zarr array, an OME-Zarr image, a TIFF, or a picture, which alone is read whole. Axes that are named go
    where the model has them. Pixels of 8 bits are divided by 255, unless --prep says otherwise; no other type is changed unasked.

    OUTPUT is a .npy file, a Zarr array, an OME-Zarr image (.ome.zarr), a TIFF, or a PNG, which alone is packed in memory. Of a
    model with several inputs or outputs each is NAME=PATH; or OUTPUT has {output} in it, which stands for each output's name.
    A run that was ended goes on when the same command is given again.
    """
    from rfonnx.cli.progress import progress
    from rfonnx.comparing.options import preparation
    from rfonnx.tiling.storage.job import run_job

    gc.enable()  # what planning leaves would lie beside what runs take

    named = {**_named(source), **inputs}, {**_named(sink), **outputs}
    asked = Asked(model, *named, values=values, prep=preparation("--prep", prep), **given(more))
    with progress(f"tiles of {model}") as tell:
        run_job(asked, lambda done, total: tell(done, total))


def _named(text: str) -> dict[str, str]:
    """`x=image.npy`, or a path alone, which stands for the only one."""
    name, equals, path = text.partition("=")
    return {name: path} if equals and name and path and "/" not in name else {"": text}

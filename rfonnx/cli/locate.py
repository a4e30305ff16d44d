"""`rfonnx locate MODEL --tensor T --cell 3,5`: where a cell lies on the input, and how a map of cells is laid over it."""

from __future__ import annotations

from typing import Any

import click

import rfonnx
from rfonnx.cli import options, words
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.report.formats import LOCATED


@click.command("locate")
@options.model_argument
@click.option("--tensor", required=True, metavar="NAME", help="The tensor that has cells: a feature map, a head.")
@click.option("--input", "given", metavar="NAME", help="The input that they lie on. [default: the only one]")
@click.option(
    "--cell",
    metavar="3,5",
    type=words.position,
    help="The cell: an index for each axis of the tensor, or for those alone along which fields differ. [default: the middle]",
)
@options.report_options(LOCATED.formats)
def command(
    model: str,
    tensor: str,
    given: str | None,
    cell: tuple[int, ...] | None,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
) -> None:
    """Where a cell of a tensor of MODEL, an ONNX file, lies on the input.

    Said are the positions that it reads, the middle of its field, and the line that all cells lie in, with the call that lays a
    map of them (anomalies, class activations, local features) over the input.
    """
    out = open_output(LOCATED, output, style, model)
    with waiting(f"analysing {model}"):
        analysis = rfonnx.analyze(model, shapes=shapes, values=values)
        lies = analysis.geometry(tensor, given)
        asked = cell if cell is not None else tuple(length // 2 for length in lies.shape)
        found = analysis.locate(tensor, asked, given)
    out.write(lies, asked, found)

"""`rfonnx report MODEL`: the field of every tensor, as a table or as data."""

from __future__ import annotations

from typing import Any, Literal

import click

import rfonnx
from rfonnx.cli import options
from rfonnx.cli.deadline import timeout_option
from rfonnx.cli.numbers import Number
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.cli.words import AxesChoice, Shapes
from rfonnx.report.formats import FIELDS


@click.command("report")
@options.model_argument
@options.style_option(
    FIELDS.formats,
    note="text and markdown show layers and a summary; json and csv hold every tensor along every axis.",
)
@options.output_option
@timeout_option
@options.shape_option
@options.value_option
@options.batch_axis_option
@click.option("--tensor", "tensors", multiple=True, metavar="NAME", help="Show this tensor only. Repeatable.")
@options.axes_option
@click.option("--all", "every", is_flag=True, help="A row for every tensor, not only where something changes.")
@options.weights_option
@click.option(
    "--rate",
    type=Number("rate"),
    metavar="HZ",
    help="Samples per second of a time axis: text and markdown then show lookahead and context in seconds too.",
)
def command(
    model: str,
    style: str | None,
    output: str | None,
    shapes: Shapes,
    values: dict[str, Any],
    batch_axes: dict[str, int | None],
    tensors: tuple[str, ...],
    axes: AxesChoice | None,
    every: bool,
    weights: Literal["structure", "values"],
    rate: float | None,
) -> None:
    """Show the receptive field of each tensor of MODEL, an ONNX file."""
    # Imported here: `rfonnx report --help` and mistakes in the options need none of it.
    from rfonnx.report.fields.view import View

    out = open_output(FIELDS, output, style, model)
    with waiting(f"analysing {model}"):
        analysis = rfonnx.analyze(model, shapes=shapes, weights=weights, values=values, batch_axes=batch_axes)
    out.write(analysis, View(tensors, axes, every, rate))

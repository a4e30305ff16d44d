"""`rfonnx report MODEL`: the field of every tensor, as a table or as data."""

from __future__ import annotations

from typing import Literal

import click

from rfonnx.cli import options
from rfonnx.cli.deadline import timeout_option
from rfonnx.report.formats import FIELDS
from rfonnx.results.binding import Values


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
@options.rate_option
def command(
    model: str,
    style: str | None,
    output: str | None,
    shapes: options.Shapes,
    values: Values,
    batch_axes: dict[str, int | None],
    tensors: tuple[str, ...],
    axes: options.AxesChoice | None,
    every: bool,
    weights: Literal["structure", "values"],
    rate: float | None,
) -> None:
    """Show the receptive field of each tensor of MODEL, an ONNX file."""
    # Imported here: `rfonnx report --help` and mistakes in the options need none of it.
    import rfonnx
    from rfonnx.cli.output import open_output
    from rfonnx.cli.waiting import waiting
    from rfonnx.report.fields.view import View

    out = open_output(output, style, FIELDS.formats, model)
    with waiting(f"analysing {model}"):
        analysis = rfonnx.analyze(model, shapes=shapes or None, weights=weights, values=values, batch_axes=batch_axes)
    out.write(FIELDS.write(out.style, analysis, View(tensors, axes, every, rate)))

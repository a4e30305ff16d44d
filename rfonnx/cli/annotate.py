"""`rfonnx annotate MODEL`: fields where other programs show them: in Netron, in Model Explorer, in the file itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rfonnx.cli import options, words
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.errors import QueryError
from rfonnx.report.formats import COPY, MODEL_EXPLORER, NETRON


@click.command("annotate")
@options.model_argument
@click.option("--netron", metavar="FILE", help="Write an attachment for Netron, a .json file.")
@click.option("--model-explorer", "explorer", metavar="FILE", help="Write node data for Model Explorer, a .json file.")
@click.option(
    "-o",
    "--output",
    "copy",
    metavar="FILE",
    help="Write a copy of the model, a .onnx file, that carries its fields in metadata_props and is the same otherwise.",
)
@options.run_options
@options.batch_axis_option
def command(
    model: str,
    netron: str | None,
    explorer: str | None,
    copy: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
    batch_axes: dict[str, int | None],
) -> None:
    """Show the fields of MODEL, an ONNX file, in Netron or Model Explorer, or write them into a copy of it.

    Nodes say their field, stride, coverage and kind; Model Explorer colours them by coverage.
    """
    from rfonnx.analysis.analyze import analyze
    from rfonnx.model.opened import opened
    from rfonnx.report.overlay.copy import KEY
    from rfonnx.report.overlay.labels import FileGraph

    if not (netron or explorer or copy):
        raise click.UsageError("nothing is to be written: give --netron, --model-explorer or -o")
    overlays = [open_output(NETRON, netron, "netron", model, explorer, copy)] if netron else []
    overlays += [open_output(MODEL_EXPLORER, explorer, "model-explorer", model, netron, copy)] if explorer else []
    out = open_output(COPY, copy, "onnx", model, netron, explorer) if copy else None
    with waiting(f"analysing {model}"):
        source = opened(model)
        if copy and any(entry.key == KEY for entry in source.proto.metadata_props):
            raise QueryError(f"{model} carries fields already", "annotate the file that it was made of")
        if copy and source.weight_files and Path(copy).absolute().parent != Path(model).absolute().parent:
            raise QueryError(f"the weights of {model} lie in files beside it", "write the copy into the same folder")
        analysis = analyze(source, shapes, values=values, batch_axes=batch_axes)
    graph = source.proto.graph
    file = FileGraph(graph.name, [(node.name, list(node.output)) for node in graph.node])
    for overlay in overlays:
        overlay.write(analysis, file)
    if out:
        out.write(analysis, model)

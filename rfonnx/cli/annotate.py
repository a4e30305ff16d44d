"""`rfonnx annotate MODEL`: fields where other programs show them: in Netron, in Model Explorer, in the file itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rfonnx.cli import options, words
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.errors import QueryError
from rfonnx.report.formats import COPY, EXPLORER_SIGMA, EXPLORER_SQNR, MODEL_EXPLORER, NETRON


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
@click.option(
    "--erf", metavar="FILE", help="Say effective sigmas too: a .json file of `rfonnx erf MODEL --all-layers`."
)
@click.option(
    "--compare", metavar="FILE", help="Say SQNRs too: a .json file of `rfonnx compare TEACHER MODEL --layers`."
)
@options.run_options
@options.batch_axis_option
def command(
    model: str,
    netron: str | None,
    explorer: str | None,
    copy: str | None,
    erf: str | None,
    compare: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
    batch_axes: dict[str, int | None],
) -> None:
    """Show the fields of MODEL, an ONNX file, in Netron or Model Explorer, or write them into a copy of it.

    Nodes say their field, stride, coverage and kind; Model Explorer colours them by coverage. What erf and compare measured of
    layers is for Model Explorer a data set, and a file, of its own: x.sigma.json and x.sqnr.json beside x.json.
    """
    from rfonnx.analysis.analyze import analyze
    from rfonnx.model.opened import opened
    from rfonnx.report.overlay.copy import KEY
    from rfonnx.report.overlay.labels import FileGraph
    from rfonnx.report.overlay.measured import read_measured

    if not (netron or explorer or copy):
        raise click.UsageError("nothing is to be written: give --netron, --model-explorer or -o")
    if explorer == "-" and (erf or compare):
        raise click.UsageError("--model-explorer - has no place for a second file: give it a name")
    read = (model, erf, compare)
    overlays = [open_output(NETRON, netron, "netron", *read, explorer, copy)] if netron else []
    if explorer:
        sets = [(MODEL_EXPLORER, explorer)]
        sets += [(EXPLORER_SIGMA, _beside(explorer, "sigma"))] if erf else []
        sets += [(EXPLORER_SQNR, _beside(explorer, "sqnr"))] if compare else []
        overlays += [open_output(subject, file, "model-explorer", *read, netron, copy) for subject, file in sets]
    out = open_output(COPY, copy, "onnx", *read, netron, explorer) if copy else None
    with waiting(f"analysing {model}"):
        source = opened(model)
        if copy and any(entry.key == KEY for entry in source.proto.metadata_props):
            raise QueryError(f"{model} carries fields already", "annotate the file that it was made of")
        if copy and source.weight_files and Path(copy).absolute().parent != Path(model).absolute().parent:
            raise QueryError(f"the weights of {model} lie in files beside it", "write the copy into the same folder")
        analysis = analyze(source, shapes, values=values, batch_axes=batch_axes)
        measured = read_measured(analysis, model, erf, compare)
    graph = source.proto.graph
    file = FileGraph(graph.name, [(node.name, list(node.output)) for node in graph.node])
    for overlay in overlays:
        overlay.write(analysis, file, measured)
    if out:
        out.write(analysis, model, measured)


def _beside(explorer: str, about: str) -> str:
    """The file of another data set, beside the first one's.

    >>> _beside("unet.json", "sigma")
    'unet.sigma.json'
    """
    return f"{explorer.removesuffix('.json')}.{about}.json"

"""`rfonnx report MODEL`: the field of every tensor, as a table or as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

import rfonnx
from rfonnx.cli import options, words
from rfonnx.cli.failures import USER_ERROR, fail
from rfonnx.cli.numbers import Number
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.cli.words import AxesChoice, Shapes
from rfonnx.errors import RfonnxError
from rfonnx.report.fields.view_source import Refused
from rfonnx.report.formats import FIELDS, GROWTH, MODELS, RENDERERS

if TYPE_CHECKING:
    from rfonnx.results.stream_checks import StreamOutlook


@click.command("report")
@click.argument("models", type=click.Path(), nargs=-1, required=True, metavar="MODEL...")
@options.report_options(
    FIELDS.formats,
    note="text and markdown show layers and a summary; json and csv hold every tensor along every axis.",
)
@options.batch_axis_option
@click.option("--tensor", "tensors", multiple=True, metavar="NAME", help="Show this tensor only. Repeatable.")
@options.axes_option
@click.option("--summary", is_flag=True, help="The answers alone, without the table of layers.")
@click.option("--all", "every", is_flag=True, help="A row for every tensor, not only where something changes.")
@click.option(
    "--object",
    "size",
    type=words.lengths,
    metavar="H,W",
    help="Say whether an object of this size is seen whole, wherever it lies, and from which layer on.",
)
@click.option(
    "--objects",
    metavar="FILE",
    help="Say how many objects of a CSV file of sizes (columns height, width, or corners) one position sees whole.",
)
@click.option(
    "--sizes",
    is_flag=True,
    help="Look for the input sizes for which the model is neither wasteful nor blind, by analysing it at several.",
)
@click.option("--image", metavar="FILE", help="In pages: lay this image under the input, resized to it.")
@click.option(
    "--erf",
    metavar="FILE",
    help="Say which units use a small part of their field, and in pages show it: a .npz file of `rfonnx erf`.",
)
@options.weights_option
@click.option("--plot", metavar="FILE", help="Draw how fields grow along the depth, too: a .png or .svg file.")
@click.option(
    "--rate",
    type=Number("rate"),
    metavar="HZ",
    help="Samples per second of a time axis: say lookahead and context in seconds too, and whether the model streams.",
)
def command(
    models: tuple[str, ...],
    style: str | None,
    output: str | None,
    shapes: Shapes,
    values: dict[str, Any],
    batch_axes: dict[str, int | None],
    tensors: tuple[str, ...],
    axes: AxesChoice | None,
    summary: bool,
    every: bool,
    size: tuple[int, ...] | None,
    objects: str | None,
    sizes: bool,
    image: str | None,
    erf: str | None,
    weights: Literal["structure", "values"],
    plot: str | None,
    rate: float | None,
) -> int:
    """Show what MODELs, ONNX files, can see: their outputs, and each layer.

    -o growth.png, or .svg, draws how fields grow along the depth, of several models in one picture; --plot does so beside the
    report.
    """
    # Imported here: `rfonnx report --help` and mistakes in the options need none of it.
    from rfonnx.report.fields.view import View

    analyse = partial(rfonnx.analyze, shapes=shapes, weights=weights, values=values, batch_axes=batch_axes)
    view = View(tensors, axes, every, rate, summary, size or ())
    if len(models) > 1 and style not in (None, *MODELS.formats):
        raise click.UsageError(
            f"--format {style} holds one model, and {len(models)} were given", click.get_current_context()
        )
    in_pages = [option for option, file in (("--image", image), ("--erf", erf)) if file is not None]
    alone = [*in_pages, *(["--sizes"] if sizes else []), *(["--objects"] if objects else [])]
    if len(models) > 1 and alone:
        raise click.UsageError(f"{alone[0]} belongs to one model, and several were given", click.get_current_context())
    if plot == "-":
        raise click.UsageError("--plot goes into a file: give its name", click.get_current_context())
    picture = open_output(GROWTH, plot, None, *models, output, option="--plot") if plot else None
    if len(models) == 1:
        out = open_output(FIELDS, output, style, *models, plot, image, erf, objects)
        if image is not None and out.style != "html":
            raise click.UsageError("--image is shown in a page: write one with -o report.html")
        if erf is not None and out.style not in ("html", "json", *RENDERERS):
            raise click.UsageError(
                f"{out.style} has no place for --erf: write a page with -o report.html, text or JSON"
            )
        fit = None
        if image is not None:
            from rfonnx.cli.backdrop import fitted_to_input, read_backdrop  # reads images, as most reports do not

            fit = partial(fitted_to_input, path=image, pixels=read_backdrop(image))
        with waiting(f"analysing {models[0]}"):
            analysis = analyse(models[0])
        if objects is not None:
            from rfonnx.data.boxes import box_sizes

            slid = [axis for name, axis in analysis.windowed if name == analysis.windowed[0][0]]
            view = view._replace(rates=analysis.object_rates(box_sizes(objects, len(slid))))
        if sizes:
            with waiting(f"analysing {models[0]} at several sizes"):
                view = view._replace(
                    sizes=rfonnx.input_sizes(models[0], shapes, weights, values, batch_axes=batch_axes)
                )
        if rate is not None and out.style in ("html", *RENDERERS):
            with waiting(f"planning streams of {models[0]}"):
                view = view._replace(streams=_streams(models[0], values, shapes, analysis))
        if fit is not None:
            view = view._replace(backdrop=fit(analysis))
        if erf is not None:
            from rfonnx.report.explorer.measured_field import read_measured_fields

            view = view._replace(measured=read_measured_fields(analysis, erf))
        out.write(analysis, view)
        if picture:
            picture.write([analysis], view)
        return 0
    made: list[rfonnx.Analysis | Refused] = []
    open_output(MODELS, output, style, *models, plot).write(_analysed(models, analyse, made), view)
    if picture:
        picture.write(made, view)
    return USER_ERROR if any(isinstance(one, Refused) for one in made) else 0


def _streams(
    model: str, values: dict[str, Any], shapes: Shapes, analysis: rfonnx.Analysis
) -> tuple[StreamOutlook, ...]:
    """Along the time axes that outputs run along, one by one."""
    from rfonnx.model.opened import with_values
    from rfonnx.streaming.outlook import outlook

    pairs = dict.fromkeys((one.input, one.axis) for fact in analysis.facts.values() for one in fact.time)
    return tuple(outlook(with_values(model, values), name, axis, shapes) for name, axis in pairs)


def _analysed(
    models: Sequence[str], analyse: Callable[[str], rfonnx.Analysis], made: list[rfonnx.Analysis | Refused]
) -> Iterator[rfonnx.Analysis | Refused]:
    """Each model, when it is asked for, and put into `made`; those that cannot be read are told on standard error, too, and
    the others go on."""
    for model in models:
        try:
            with waiting(f"analysing {model}"):
                made.append(analyse(model))
        except RfonnxError as error:
            fail(str(error))
            made.append(Refused(model, str(error)))
        yield made[-1]

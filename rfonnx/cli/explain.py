"""`rfonnx explain MODEL --tensor T`: which operators made a field so large, and exactly which positions are read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

import click

import rfonnx
from rfonnx.cli import options, words
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.report.formats import EXPLANATION, PICTURES


@click.command("explain")
@options.model_argument
@click.option("--tensor", required=True, metavar="NAME", help="The tensor to explain.")
@click.option("--input", "given", metavar="NAME", help="The input to look at. [default: all that the tensor sees]")
@click.option(
    "--at",
    "position",
    metavar="0,0,3,3",
    type=words.position,
    help="Position of the tensor whose reads are drawn. [default: the middle]",
)
@click.option(
    "--from-input",
    "origin",
    metavar="0,0,3,3",
    type=words.position,
    help="Show also which positions of the tensor see this position of the input.",
)
@options.axes_option
@click.option("--all", "every", is_flag=True, help="A row for every operator, also for those that add nothing.")
@click.option(
    "--image",
    metavar="FILE",
    help="In pictures and pages: lay this image under what is read, resized to the input.",
)
@options.report_options(EXPLANATION.formats)
@options.weights_option
def command(
    model: str,
    tensor: str,
    given: str | None,
    position: tuple[int, ...] | None,
    origin: tuple[int, ...] | None,
    axes: words.AxesChoice | None,
    every: bool,
    image: str | None,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
    weights: Literal["structure", "values"],
) -> None:
    """Explain the receptive field of one tensor of MODEL, an ONNX file.

    -o field.png, .svg or .html draws exactly what --at reads, on the input or on an --image.
    """
    from rfonnx.report.explanation.chains import Question, explanation

    out = open_output(EXPLANATION, output, style, model, image)
    if image is not None and out.style not in (*PICTURES, "html"):
        raise click.UsageError("--image lies under a picture: ask for one, such as -o field.png")
    fit = None
    if image is not None:
        from rfonnx.cli.backdrop import fitted, read_backdrop  # reads images, as most explanations do not

        fit = partial(fitted, path=image, pixels=read_backdrop(image))
    with waiting(f"analysing {model}"):
        analysis = rfonnx.analyze(model, shapes=shapes, weights=weights, values=values)
        told = explanation(analysis, tensor, Question(given, axes or "spatial", position, origin))
    if fit is not None:
        told = replace(told, backdrop=fit(told))
    out.write(told, every)

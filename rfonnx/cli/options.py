"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from rfonnx.cli import words
from rfonnx.cli.deadline import timeout_option
from rfonnx.cli.terminal_options import Decorator, terminal_options, together


def named_option(flag: str, name: str, read: Callable[[str], tuple[str, Any]], metavar: str, told: str) -> Decorator:
    """An option that may be given once for each name: a dict."""
    told = f"{told} Repeatable."
    return click.option(flag, name, type=read, callback=words.by_name, multiple=True, metavar=metavar, help=told)


model_argument = click.argument("model", type=click.Path())
"""MODEL, the path of an ONNX file; whether it can be read is for the loader to say."""

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to FILE, in the format of its ending, instead of to standard output. A report that is there is replaced.",
)

shape_option = named_option(
    "--shape",
    "shapes",
    words.shape,
    "NAME=LENGTHS",
    "Shape of an input (x=1,3,224,224 or x=1x3x224x224) or length of a symbolic dimension (H=512).",
)

value_option = named_option(
    "--value",
    "values",
    words.value,
    "NAME=VALUE",
    "What a small input holds: sr=16000, sizes=[1,3,64,64]. It is a constant then, and decides branches.",
)

batch_axis_option = named_option(
    "--batch-axis",
    "batch_axes",
    words.batch_axis,
    "NAME=AXIS|none",
    "Which axis of an input counts samples: state=1, x=none; found otherwise, see docs/check.md.",
)

weights_option = click.option(
    "--weights",
    type=click.Choice(["structure", "values"]),
    default="structure",
    show_default=True,
    help="Take every weight as non-zero, or look at the values and leave out what zeros hide.",
)

axes_option = click.option(
    "--axes",
    type=words.axes,
    metavar="all|spatial|LIST",
    help="Input axes to show: all, those a window slides along, or numbers (2,3). [text: spatial, data: all]",
)


def style_option(styles: Sequence[str], note: str = "How to write it.") -> Decorator:
    """--format; `output.open_output` knows what it is when it is left out."""
    default = "[default: by the ending of -o, else text]"
    return click.option("--format", "style", type=click.Choice(styles), help=f"{note} {default}")


run_options = together(timeout_option, terminal_options, shape_option, value_option)
"""How what a command does comes to be, and what the model's inputs are."""


def report_options(styles: Sequence[str], **more: str) -> Decorator:
    """How a report on a model is written, and `run_options`. `more`: of `style_option`."""
    return together(style_option(styles, **more), output_option, run_options)


def size_option(default: str) -> Decorator:
    """--size of the whole that is run in tiles; `default`: what holds without it."""
    told = f"Size of the whole along the axes that windows slide along. [default: {default}]"
    return click.option("--size", type=words.lengths, metavar="H,W", help=told)

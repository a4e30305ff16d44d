"""Options that say which stream is meant, of the commands that plan one."""

from __future__ import annotations

from collections.abc import Sequence

import click

from rfonnx.cli import words
from rfonnx.cli.numbers import Number
from rfonnx.cli.terminal_options import together

which = together(
    click.option(
        "--input",
        "streamed",
        multiple=True,
        metavar="NAME",
        help="The input that is streamed. Repeatable: inputs of one rate are streamed together. [default: the only one]",
    ),
    click.option(
        "--axis",
        "axes",
        type=words.axis_by_name,
        callback=words.by_name,
        multiple=True,
        metavar="[NAME=]AXIS",
        help="Its axis of frames; negative counts from the end. Repeatable: NAME=AXIS for one of several inputs. "
        "[default: the one behind the first that the file leaves open, else the last]",
    ),
)
"""What is streamed, and along which axis."""

what = together(
    click.option(
        "--until",
        "outputs",
        multiple=True,
        metavar="TENSOR",
        help="Stream up to a tensor, not to the outputs. Repeatable.",
    ),
    click.option(
        "--from",
        "after",
        metavar="TENSOR",
        help="Stream what is made of this tensor: it is the input then, and --axis is its own.",
    ),
    click.option(
        "--rate",
        type=Number("rate"),
        metavar="HZ",
        help="Frames of the input in a second: delays in milliseconds too.",
    ),
    click.option(
        "--cache",
        type=Number("cache"),
        metavar="N",
        help="Change what is computed: attention that sees all before sees the last N keys alone.",
    ),
    click.option(
        "--statistic",
        "statistics",
        multiple=True,
        metavar="NAME",
        help="What this node or tensor takes of all frames becomes an input, which the host gives; all: whatever blocks. "
        "Repeatable.",
    ),
    click.option(
        "--start",
        type=click.Choice(["exact", "steady"]),
        default="exact",
        show_default=True,
        help="steady changes what is computed: where frames are mirrored at the start, the first is repeated, and none waits.",
    ),
)
"""Which part of the model, and how it is changed for the sake of delay."""


def asked(streamed: Sequence[str], axes: dict[str, int]) -> tuple[dict[str, int | None] | None, int | None]:
    """The inputs, each with its own axis or with none, and the axis of those with none, where one is given."""
    common = axes.pop("", None)
    return dict.fromkeys([*streamed, *axes]) | axes or None, common

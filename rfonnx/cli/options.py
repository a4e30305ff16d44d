"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import click

from rfonnx.cli.numbers import Number
from rfonnx.results.binding import Values

Function = TypeVar("Function", bound=Callable[..., Any])

Shapes = dict[str, int | tuple[int, ...]]
AxesChoice = Literal["all", "spatial"] | tuple[int, ...]


def shapes(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> Shapes:
    """`x=1,3,224,224` binds an input's shape, `H=512` a symbolic dimension; `x=7,` is a shape of rank 1."""
    shapes: Shapes = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"'{text}' is not like x=1,3,224,224 or H=512", context, parameter)
        if name in shapes:
            raise click.BadParameter(f"'{name}' is given twice", context, parameter)
        lengths = [_length(word, text, context, parameter) for word in value.removesuffix(",").split(",")]
        shapes[name] = tuple(lengths) if "," in value else lengths[0]
    return shapes


def _length(word: str, text: str, context: click.Context, parameter: click.Parameter) -> int:
    if not (word.strip().isdecimal() and word.isascii()):
        raise click.BadParameter(f"'{word}' in '{text}' is not a whole number of positions", context, parameter)
    if len(word.strip()) > 18:
        raise click.BadParameter(f"'{word}' in '{text}' is larger than any axis can be", context, parameter)
    return int(word)


def axes(context: click.Context, parameter: click.Parameter, text: str | None) -> AxesChoice | None:
    if text is None or text == "all" or text == "spatial":
        return text  # type: ignore[return-value]  # mypy does not narrow str to Literal
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and word.isascii() and len(word) < 5 for word in words):
        raise click.BadParameter(f"'{text}' is not 'all', 'spatial' or axis numbers such as 2,3", context, parameter)
    return tuple(sorted({int(word) for word in words}))


def position(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """`0,0,3,-1`: one index per axis, negative ones from the end."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(word.removeprefix("-").isdecimal() and word.isascii() and len(word) < 19 for word in words):
        raise click.BadParameter(f"'{text}' is not a position such as 0,0,3,3", context, parameter)
    return tuple(map(int, words))


def lengths(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """`512,512`: a length for each axis that windows slide along."""
    return None if text is None else tuple(_length(word, text, context, parameter) for word in text.split(","))


def style_option(styles: Sequence[str], note: str = "How to write it.") -> Callable[[Function], Function]:
    """--format; `output.open_output` knows what it is when it is left out."""
    default = "[default: by the ending of -o, else text]"
    return click.option("--format", "style", type=click.Choice(styles), help=f"{note} {default}")


def model_argument(function: Function) -> Function:
    """MODEL, the path of an ONNX file; whether it can be read is for the loader to say."""
    return click.argument("model", type=click.Path())(function)


def shape_option(function: Function) -> Function:
    """--shape NAME=..., repeatable."""
    return click.option(
        "--shape",
        "shapes",
        multiple=True,
        metavar="NAME=LENGTHS",
        callback=shapes,
        help="Shape of an input (x=1,3,224,224) or length of a symbolic dimension (H=512). Repeatable.",
    )(function)


def values(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> Values:
    """`sr=16000`, `sizes=[1,3,64,64]`: a number, true or false, or lists of them, as in JSON."""
    import json

    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        try:
            made = json.loads(value) if name else None
        except ValueError:
            made = None
        if not isinstance(made, bool | int | float | list):
            raise click.BadParameter(f"'{text}' is not like sr=16000 or sizes=[1,3,64,64]", context, parameter)
        if name in found:
            raise click.BadParameter(f"'{name}' is given twice", context, parameter)
        found[name] = made
    return found


def value_option(function: Function) -> Function:
    """--value NAME=NUMBER, repeatable."""
    return click.option(
        "--value",
        "values",
        multiple=True,
        metavar="NAME=VALUE",
        callback=values,
        help="What a small input holds: sr=16000, sizes=[1,3,64,64]. It is a constant then, and decides branches. Repeatable.",
    )(function)


def batch_axes(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, int | None]:
    """`state=1`, `x=none`."""
    found: dict[str, int | None] = {}
    for text in texts:
        name, _, word = text.rpartition("=")
        digits = word.removeprefix("-")
        if not name or not (word == "none" or (digits.isdecimal() and digits.isascii() and len(digits) < 5)):
            raise click.BadParameter(f"'{text}' is not like state=1 or x=none", context, parameter)
        if name in found:
            raise click.BadParameter(f"'{name}' is given twice", context, parameter)
        found[name] = None if word == "none" else int(word)
    return found


def batch_axis_option(function: Function) -> Function:
    """--batch-axis NAME=AXIS|none, repeatable."""
    return click.option(
        "--batch-axis",
        "batch_axes",
        multiple=True,
        metavar="NAME=AXIS|none",
        callback=batch_axes,
        help="Which axis of an input counts samples: state=1, x=none. Repeatable. [default: found, see docs/check.md]",
    )(function)


def weights_option(function: Function) -> Function:
    """--weights structure|values."""
    return click.option(
        "--weights",
        type=click.Choice(["structure", "values"]),
        default="structure",
        show_default=True,
        help="Take every weight as non-zero, or look at the values and leave out what zeros hide.",
    )(function)


def axes_option(function: Function) -> Function:
    """--axes all|spatial|2,3."""
    return click.option(
        "--axes",
        metavar="all|spatial|LIST",
        callback=axes,
        help="Input axes to show: all, those a window slides along, or numbers (2,3). [text: spatial, data: all]",
    )(function)


def rate_option(function: Function) -> Function:
    """--rate HZ."""
    return click.option(
        "--rate",
        type=Number("rate"),
        metavar="HZ",
        help="Samples per second of a time axis: text and markdown then show lookahead and context in seconds too.",
    )(function)


def output_option(function: Function) -> Function:
    """-o FILE."""
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE, in the format of its ending, instead of to standard output. A report that is there is replaced.",
    )(function)

"""`rfonnx erf MODEL`: what a unit really looks at."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfonnx.cli import options, streams
from rfonnx.cli.deadline import timeout_option
from rfonnx.cli.failures import INTERRUPTED
from rfonnx.cli.from_settings import given, setting_options
from rfonnx.effective.settings import At, Progress, Settings
from rfonnx.report.formats import BINARY, EFFECTIVE, LAYERS

if TYPE_CHECKING:
    from rfonnx.cli.progress import Tell
    from rfonnx.results.effective import ERF, Layer


def _places(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[At]:
    """`center`, or one coordinate per spatial axis of the input: `111.5,64`."""
    found: list[At] = []
    for text in texts:
        try:
            found.append("center" if text == "center" else tuple(float(word) for word in text.split(",")))
        except ValueError:
            raise click.BadParameter(
                f"'{text}' is not 'center' or a place such as 112,112", context, parameter
            ) from None
    return found


def _positions(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[int | None, ...]]:
    """`0,:,3,3`: one index per axis of the tensor, `:` to sum along it."""
    found = []
    for text in texts:
        words = [word.strip() for word in text.split(",")]
        if not all(
            word == ":" or (word.removeprefix("-").isdecimal() and word.isascii() and len(word) < 19) for word in words
        ):
            raise click.BadParameter(f"'{text}' is not a position such as 0,:,3,3", context, parameter)
        found.append(tuple(None if word == ":" else int(word) for word in words))
    return found


def _channel(context: click.Context, parameter: click.Parameter, text: str | None) -> str | int | None:
    if text in (None, "sum", "random"):
        return text
    if not (text.isdecimal() and text.isascii() and len(text) < 19):
        raise click.BadParameter(f"'{text}' is not 'sum', 'random' or a channel such as 3", context, parameter)
    return int(text)


def _axes(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """Axis numbers; "spatial" is the default by its name elsewhere."""
    chosen = options.axes(context, parameter, text)
    if chosen == "all":
        raise click.BadParameter("name the axes, such as 2,3", context, parameter)
    return chosen if isinstance(chosen, tuple) else None


@click.command("erf")
@options.model_argument
@click.option("--tensor", metavar="NAME", help="The unit's tensor. [default: the last one that has places]")
@click.option(
    "--at",
    multiple=True,
    metavar="center|R,C",
    callback=_places,
    help="Place of the input: the unit with the nearest theoretical centre is measured. Repeatable. [default: center]",
)
@click.option(
    "--position",
    "positions",
    multiple=True,
    metavar="0,:,3,3",
    callback=_positions,
    help="Position of the tensor instead; : sums along an axis. Repeatable.",
)
@setting_options(Settings, "channel", callback=_channel)
@setting_options(Settings, "input")
@setting_options(Settings, "axes", callback=_axes)
@setting_options(Settings, "data", "n", "tolerance", "seed", "method", "probe", "block", "seconds")
@setting_options(Settings, "aggregation", "over", "crop")
@click.option(
    "--all-layers", "every", is_flag=True, help="Measure every layer: sigma, radius, share of the theoretical field."
)
@setting_options(Settings, "batch", "threads", "providers")
@options.style_option(EFFECTIVE.formats)
@options.output_option
@timeout_option
@options.shape_option
@options.value_option
@options.batch_axis_option
def command(
    model: str,
    tensor: str | None,
    at: list[At],
    positions: list[tuple[int | None, ...]],
    every: bool,
    style: str | None,
    output: str | None,
    **asked: Any,
) -> int | None:
    """Measure what units of MODEL, an ONNX file, really look at: their effective receptive field.

    The theoretical field says what a unit can see. This says how much each position of the input changes it, by gradients that
    onnxruntime computes, as a mean over samples.

    \b
    rfonnx erf model.onnx
    rfonnx erf model.onnx --at 40,60 --data photos -o field.png
    rfonnx erf model.onnx --all-layers -n 8
    """
    gc.enable()
    from rfonnx.api import erf_layers, erf_many
    from rfonnx.cli.output import open_output
    from rfonnx.errors import QueryError

    out = open_output(output, style, EFFECTIVE.formats, model, asked["data"])
    binary = out.style in BINARY
    if every and (binary or positions or len(at) > 1):
        raise QueryError(
            "--all-layers gives figures of one place per layer",
            "leave out --position, and use --format text, json or csv",
        )
    if positions and at:
        raise QueryError("--at and --position both say which units to measure", "leave out one of them")
    if out.style in ("png", "svg"):
        from rfonnx.report.effective.plot import check_installed

        check_installed()
    chosen = given(asked)
    erfs: list[ERF] = []
    layers: list[Layer] = []
    stopped = False
    with _progress("layers" if every else "measuring") as tell:
        try:
            if every:
                wanted = [tensor] if tensor is not None else None
                for layer in erf_layers(model, at[0] if at else "center", wanted, progress=tell, **chosen):
                    layers.append(layer)  # noqa: PERF402  what was measured stays when the rest is interrupted
            else:
                erfs = erf_many(model, tensor, at or ["center"], positions, progress=tell, partial=True, **chosen)
                stopped = erfs[0].interrupted
        except KeyboardInterrupt:
            stopped = True
    if stopped:
        what = "what was measured before follows" if erfs or layers else "nothing was measured yet"
        streams.say(f"rfonnx: interrupted: {what}")
        if not (erfs or layers):
            return INTERRUPTED
    if every:
        _check_measured(layers)
        out.write(LAYERS.write(out.style, Path(model).name, layers))
    elif binary:
        out.write([EFFECTIVE.write_binary(out.style, erfs)])
    else:
        out.write(EFFECTIVE.write(out.style, erfs))
    return INTERRUPTED if stopped else None


def _check_measured(layers: Sequence[Layer]) -> None:
    """What fails for every layer is no finding about layers."""
    from rfonnx.errors import RfonnxError

    if layers and all(layer.problem for layer in layers):
        raise RfonnxError(f"none of {len(layers)} layers could be measured: {layers[0].tensor}: {layers[0].problem}")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[Progress], None]]:
    from rfonnx.cli.progress import progress

    with progress(what) as tell:
        yield lambda at: _tell(tell, at)


def _tell(tell: Tell, at: Progress) -> None:
    """Samples; or runs, where a sample takes many."""
    if not at.runs:
        tell(at.samples, at.total, _interval(at.half_width))
        return
    of = f" of {at.total}" if at.total else ""
    tell(at.runs, at.most_runs, f" runs, {at.samples}{of} samples done{_interval(at.half_width)}")


def _interval(half_width: float) -> str:
    return "" if math.isnan(half_width) else f", +-{100 * half_width:.2g}% of the mass"

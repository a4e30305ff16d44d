"""`rfonnx erf MODEL`: what a unit really looks at."""

from __future__ import annotations

import gc
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfonnx.api import erf_layers, erf_many
from rfonnx.cli import options, streams, words
from rfonnx.cli.failures import INTERRUPTED
from rfonnx.cli.from_settings import given, setting_options
from rfonnx.cli.output import Output, open_output
from rfonnx.cli.progress import Tell, progress
from rfonnx.effective.settings import At, Progress, Settings
from rfonnx.errors import QueryError, RfonnxError
from rfonnx.report.formats import EFFECTIVE, LAYERS

if TYPE_CHECKING:
    from rfonnx.results.effective import ERF, Layer


def _place(text: str) -> At:
    """`center`, or one coordinate per spatial axis of the input: `111.5,64`."""
    try:
        return "center" if text == "center" else tuple(map(float, text.split(",")))
    except ValueError:
        raise click.BadParameter(f"'{text}' is not 'center' or a place such as 112,112") from None


def _position(text: str) -> tuple[int | None, ...]:
    """`0,:,3,3`: one index per axis of the tensor, `:` to sum along it."""
    found = [None if word.strip() == ":" else word for word in text.split(",")]
    if not all(word is None or words.WHOLE.fullmatch(word) for word in found):
        raise click.BadParameter(f"'{text}' is not a position such as 0,:,3,3")
    return tuple(None if word is None else int(word) for word in found)


def _channel(text: str) -> str | int:
    if text in ("sum", "random"):
        return text
    if not re.fullmatch("[0-9]{1,18}", text):
        raise click.BadParameter(f"'{text}' is not 'sum', 'random' or a channel such as 3")
    return int(text)


def _axes(text: str) -> tuple[int, ...] | None:
    """Axis numbers; "spatial" is the default by its name elsewhere."""
    chosen = words.axes(text)
    if chosen == "all":
        raise click.BadParameter("name the axes, such as 2,3")
    return chosen if isinstance(chosen, tuple) else None


@click.command("erf")
@options.model_argument
@click.option("--tensor", metavar="NAME", help="The unit's tensor. [default: the last one that has places]")
@click.option(
    "--at",
    multiple=True,
    metavar="center|R,C",
    type=_place,
    help="Place of the input: the unit with the nearest theoretical centre is measured. Repeatable. [default: center]",
)
@click.option(
    "--position",
    "positions",
    multiple=True,
    metavar="0,:,3,3",
    type=_position,
    help="Position of the tensor instead; : sums along an axis. Repeatable.",
)
@setting_options(Settings, "channel", type=_channel)
@setting_options(Settings, "input")
@setting_options(Settings, "axes", type=_axes)
@setting_options(Settings, "data", "n", "tolerance", "seed", "method", "probe", "block", "seconds")
@setting_options(Settings, "aggregation", "over", "crop")
@click.option(
    "--all-layers", "every", is_flag=True, help="Measure every layer: sigma, radius, share of the theoretical field."
)
@setting_options(Settings, "batch", "threads", "providers")
@options.report_options(EFFECTIVE.formats)
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
    chosen, data = given(asked), asked["data"]
    if positions and at:
        raise QueryError("--at and --position both say which units to measure", "leave out one of them")
    if not every:
        return _units(open_output(EFFECTIVE, output, style, model, data), model, tensor, at, positions, chosen)
    if positions or len(at) > 1:
        raise QueryError(
            "--all-layers gives figures of one place per layer", "leave out --position, and all --at but one"
        )
    return _layers(open_output(LAYERS, output, style, model, data), model, tensor, at, chosen)


def _units(
    out: Output[[Sequence[ERF]]],
    model: str,
    tensor: str | None,
    at: Sequence[At],
    positions: Sequence[Sequence[int | None]],
    chosen: dict[str, Any],
) -> int | None:
    erfs: list[ERF] = []
    with progress("measuring") as tell, suppress(KeyboardInterrupt):
        told = partial(_tell, tell)
        erfs = erf_many(model, tensor, at or ["center"], positions, progress=told, partial=True, **chosen)
    stopped = not erfs or erfs[0].interrupted
    if stopped:
        _say_interrupted(bool(erfs))
    if erfs:
        out.write(erfs)
    return INTERRUPTED if stopped else None


def _layers(
    out: Output[[str, Sequence[Layer]]], model: str, tensor: str | None, at: Sequence[At], chosen: dict[str, Any]
) -> int | None:
    layers: list[Layer] = []
    stopped = True
    with progress("layers") as tell, suppress(KeyboardInterrupt):
        tensors = None if tensor is None else [tensor]
        for layer in erf_layers(model, at[0] if at else "center", tensors, progress=partial(_tell, tell), **chosen):
            layers.append(layer)  # noqa: PERF402  what was measured stays when the rest is interrupted
        stopped = False
    if stopped:
        _say_interrupted(bool(layers))
    if layers and all(layer.problem for layer in layers):  # no finding about layers
        raise RfonnxError(f"none of {len(layers)} layers could be measured: {layers[0].tensor}: {layers[0].problem}")
    if layers or not stopped:
        out.write(Path(model).name, layers)
    return INTERRUPTED if stopped else None


def _say_interrupted(measured: bool) -> None:
    what = "what was measured before follows" if measured else "nothing was measured yet"
    streams.say(f"rfonnx: interrupted: {what}")


def _tell(tell: Tell, at: Progress) -> None:
    """Samples; or runs, where a sample takes many."""
    if not at.runs:
        tell(at.samples, at.total, _interval(at.half_width))
        return
    of = f" of {at.total}" if at.total else ""
    tell(at.runs, at.most_runs, f" runs, {at.samples}{of} samples done{_interval(at.half_width)}")


def _interval(half_width: float) -> str:
    return "" if math.isnan(half_width) else f", +-{100 * half_width:.2g}% of the mass"

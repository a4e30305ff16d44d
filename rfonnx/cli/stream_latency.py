"""`rfonnx stream latency MODEL --chunks 8,80,160`: how late a stream is, and what it costs."""

from __future__ import annotations

from typing import Any, Literal

import click

from rfonnx.cli import options, stream_options, words
from rfonnx.cli.from_settings import setting_options
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.effective.settings import Settings
from rfonnx.report.formats import STREAM_LATENCY


@click.command("latency")
@options.model_argument
@stream_options.which
@click.option(
    "--chunks",
    type=words.lengths,
    metavar="N,N",
    help="Frames at a time, multiples of the unit: 8,80,160. [default: one unit]",
)
@stream_options.what
@setting_options(Settings, "threads")
@options.report_options(STREAM_LATENCY.formats)
def command(
    model: str,
    streamed: tuple[str, ...],
    axes: dict[str, int],
    chunks: tuple[int, ...] | None,
    outputs: tuple[str, ...],
    after: str | None,
    rate: float | None,
    cache: int | None,
    statistics: tuple[str, ...],
    start: Literal["exact", "steady"],
    threads: int | None,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
) -> None:
    """Say how late a stream of MODEL, an ONNX file, is in chunks of these lengths, and time them.

    A chunk is timed under onnxruntime beside what stands in its place without a stream: running MODEL again on the last
    frames, as many as the new ones see. Each takes about a second. Where that is faster, it is said.
    """
    from rfonnx.model.opened import with_values
    from rfonnx.streaming.planning import stream_plan

    asked, common = stream_options.asked(streamed, axes)
    out = open_output(STREAM_LATENCY, output, style, model)
    first = chunks[0] if chunks else None
    with waiting(f"timing {model}"):
        opened, wanted = with_values(model, values), list(outputs) or None
        plan = stream_plan(opened, asked, common, first, wanted, shapes, cache, start, after, statistics=statistics)
        found = plan.latency(chunks, rate, threads)
    out.write(found)

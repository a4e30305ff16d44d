"""`rfonnx stream MODEL -o S.onnx`: the streaming model, verified before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from rfonnx.cli import options, stream_options, words
from rfonnx.cli.numbers import Number
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.report.formats import STREAM


@click.command("make")
@options.model_argument
@stream_options.which
@click.option(
    "--chunk", type=Number("chunk"), metavar="N", help="Frames at a time, a multiple of the unit. [default: one unit]"
)
@stream_options.what
@click.option("--pack", is_flag=True, help="Put all states of a type into one tensor.")
@click.option(
    "--metadata",
    type=click.Choice(["sherpa"]),
    help="Say the frames of a run in `metadata_props` under names of icefall and sherpa-onnx, too.",
)
@click.option("--flat", is_flag=True, help="No If: work masks out for chunks in the middle too, as at the ends.")
@click.option("--dry-run", is_flag=True, help="Say the unit, the delays and what blocks; run and write nothing.")
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    help="Write the streaming model here, and its manifest beside it (.json).",
)
@options.style_option(STREAM.formats, "How to say what was made.")
@options.run_options
def command(
    model: str,
    streamed: tuple[str, ...],
    axes: dict[str, int],
    chunk: int | None,
    outputs: tuple[str, ...],
    after: str | None,
    rate: float | None,
    cache: int | None,
    statistics: tuple[str, ...],
    start: Literal["exact", "steady"],
    pack: bool,
    metadata: str | None,
    flat: bool,
    dry_run: bool,
    target: str | None,
    style: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
) -> None:
    """Rewrite MODEL, an ONNX file, so that it takes an input chunk by chunk and makes exactly what it makes of the whole.

    The file is written after it was run against MODEL, and never otherwise. What cannot be streamed is refused, with the node and
    the reason; exit code 2.
    """
    from rfonnx.model.opened import with_values
    from rfonnx.report.target import target as checked
    from rfonnx.streaming.planning import stream_plan
    from rfonnx.streaming.sherpa import sherpa

    if not dry_run and target is None:
        raise click.UsageError("give -o FILE to write to, or --dry-run")
    if dry_run and target is not None:
        raise click.UsageError("--dry-run writes nothing: leave out -o")
    if target is not None and Path(target).suffix.lower() not in ("", ".onnx"):
        raise click.UsageError(f"-o {target}: a streaming model is written; end it in .onnx")
    asked, common = stream_options.asked(streamed, axes)
    out = open_output(STREAM, None, style, model)
    if target is not None:
        checked(target, (model,))
        checked(str(Path(target).with_suffix(".json")), (model,))
    with waiting(f"planning {model}"):
        opened = with_values(model, values)
        wanted = list(outputs) or None
        plan = stream_plan(opened, asked, common, chunk, wanted, shapes, cache, start, after, flat, statistics)
        plan = plan.packed() if pack else plan
        plan = plan.with_metadata(sherpa(plan.manifest)) if metadata else plan
    found = None
    if target is not None:
        with waiting(f"running {model}"):
            found = plan.save(target)
    out.write(plan.summary(found, "" if found is None else target or ""), rate)

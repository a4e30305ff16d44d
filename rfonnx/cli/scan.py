"""`rfonnx scan models/ -o fleet.jsonl`: a line for each model, whatever becomes of it."""

from __future__ import annotations

from pathlib import Path

import click

from rfonnx.cli import options, words
from rfonnx.cli.numbers import Number
from rfonnx.cli.output import open_output
from rfonnx.cli.progress import progress
from rfonnx.cli.terminal_options import terminal_options
from rfonnx.report.formats import SCAN
from rfonnx.results.scan import Fleet

RECORDS = ".jsonl"


@click.command("scan")
@click.argument("models", nargs=-1, required=True, metavar="MODELS...", type=click.Path())
@click.option(
    "--timeout", type=Number("timeout"), metavar="SECONDS", help="End a model after so long. [default: never]"
)
@click.option(
    "--memory", type=words.memory, metavar="SIZE", help="Memory that a model may take, as 4GB. [default: all there is]"
)
@click.option("--workers", type=Number("workers"), metavar="N", default=1, show_default=True, help="Models at a time.")
@click.option("--dask", "scheduler", metavar="ADDRESS", help="Let the workers of a Dask scheduler do it.")
@click.option(
    "--baseline", metavar="FILE.jsonl", help="Say what is other than in these records; exit code 1 if something is."
)
@options.style_option(SCAN.formats, "How to write it.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to FILE, in the format of its ending. A .jsonl grows line by line, and a scan that was ended goes on with it.",
)
@terminal_options
@options.shape_option
@click.pass_context
def command(
    context: click.Context,
    models: tuple[str, ...],
    timeout: float | None,
    memory: int | None,
    workers: int,
    scheduler: str | None,
    baseline: str | None,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
) -> None:
    """Report all models of folders, patterns, lists and addresses.

    Lists are text files with a model a line; addresses (s3://bucket) are opened by fsspec. Each model has a process of its own:
    one that crashes or hangs costs only itself, and has its line too. MODELS that end in .jsonl are records of a scan before, and
    are shown: `rfonnx scan fleet.jsonl -o fleet.html`.
    """
    from rfonnx.scanning.alone import How
    from rfonnx.scanning.changes import changes
    from rfonnx.scanning.fleet import scan
    from rfonnx.scanning.journal import read_records
    from rfonnx.scanning.listing import listed

    told = [name for name in models if Path(name).suffix == RECORDS]
    if told and len(told) < len(models):
        raise click.UsageError("give models or records (.jsonl), not both")
    collects = output is not None and Path(output).suffix == RECORDS and style in (None, "jsonl") and not told
    before = None if baseline is None else read_records(baseline)
    shown = (None, None) if collects else (output, style)  # records go to the file as they come; the table is shown
    out = open_output(SCAN, *shown, *models, baseline)
    if told:
        records = list({record["model"]: record for name in told for record in read_records(name)}.values())
    else:
        found = listed(models)
        with progress("scanning") as tell:
            how = How(shapes, timeout, memory)
            file = Path(output) if collects and output is not None else None
            records = scan(found, how, file, workers, scheduler, tell)
    fleet = Fleet(records, None if before is None else changes(before, records))
    out.write(fleet)
    context.exit(1 if fleet.changes else 0)

"""`rfonnx stream statistics MODEL S.onnx --data x.npy -o stats.npz`: what a stream is given of the whole, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rfonnx.cli import options
from rfonnx.cli.terminal_options import terminal_options
from rfonnx.cli.waiting import waiting


@click.command("statistics")
@options.model_argument
@click.argument("stream", type=click.Path())
@click.option(
    "--data", metavar="FILE", required=True, help="A recording: a .npy file, or a .npz file with an array per input."
)
@click.option("-o", "--output", "target", metavar="FILE", required=True, help="Write the statistics here (.npz).")
@terminal_options
@options.value_option
def command(model: str, stream: str, data: str, target: str, values: dict[str, Any]) -> None:
    """Measure what STREAM, which `rfonnx stream --statistic` made, is given: what MODEL takes of all frames of a recording.

    For this recording the stream is then what MODEL makes. For others it is not, but as far as their statistics are the same.
    """
    from rfonnx.data.archive import stored_arrays
    from rfonnx.model.opened import with_values
    from rfonnx.report.target import target as checked
    from rfonnx.streaming.held import measure_file
    from rfonnx.streaming.measured_file import write_statistics

    if Path(target).suffix.lower() != ".npz":
        raise click.UsageError(f"-o {target}: arrays are written; end it in .npz")
    checked(target, (model, stream, data))
    arrays = {name: stored.read() for name, stored in stored_arrays(Path(data)).items()}
    with waiting(f"running {model}"):
        found = measure_file(with_values(model, values), stream, arrays)
    write_statistics(Path(target), found)

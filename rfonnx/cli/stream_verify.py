"""`rfonnx stream verify MODEL S.onnx`: a streaming model against the offline one, by running both."""

from __future__ import annotations

from typing import Any

import click

from rfonnx.cli import options
from rfonnx.cli.deadline import timeout_option
from rfonnx.cli.failures import CHECK_FAILED
from rfonnx.cli.from_settings import given, setting_options
from rfonnx.cli.output import open_output
from rfonnx.cli.terminal_options import terminal_options
from rfonnx.cli.waiting import waiting
from rfonnx.effective.settings import Settings
from rfonnx.report.formats import STREAM_VERIFICATION


@click.command("verify")
@options.model_argument
@click.argument("stream", type=click.Path())
@setting_options(Settings, "seed", "threads")
@options.style_option(STREAM_VERIFICATION.formats)
@options.output_option
@timeout_option
@terminal_options
@options.value_option
def command(model: str, stream: str, style: str | None, output: str | None, values: dict[str, Any], **more: Any) -> int:
    """Hold STREAM, which `rfonnx stream` made, against MODEL: at several lengths, from the first frame to the last.

    Exit code 1 when a frame is missing or differs by more than rounding.
    """
    from rfonnx.model.opened import with_values
    from rfonnx.streaming.held import verify_file

    out = open_output(STREAM_VERIFICATION, output, style, model, stream)
    with waiting(f"running {model} and {stream}"):
        found = verify_file(with_values(model, values), stream, **given(more))
    out.write(found)
    return 0 if found.passed else CHECK_FAILED

"""`rfonnx ops`: which operators are supported, and how."""

from __future__ import annotations

import click

from rfonnx.cli import options
from rfonnx.cli.output import open_output
from rfonnx.report.formats import OPERATORS


@click.command("ops")
@options.style_option(OPERATORS.formats)
@options.output_option
def command(style: str | None, output: str | None) -> None:
    """List the operators of ONNX and how each is handled."""
    from rfonnx.operators.support import newest_opset, support

    out = open_output(OPERATORS, output, style)
    out.write(support(), newest_opset())

"""`rfonnx ops`: which operators are supported, and how."""

from __future__ import annotations

import click

from rfonnx.cli import options


@click.command("ops")
@options.style_option("text", "json", "markdown")
@options.output_option
def command(style: str, output: str | None) -> None:
    """List the operators of ONNX and how each is handled."""
    from rfonnx.access.support import newest_opset, support
    from rfonnx.cli.output import terminal_style, write
    from rfonnx.report import render
    from rfonnx.report.ops_report import ops_document, ops_json

    ops, opset = support(), newest_opset()
    pieces = (
        ops_json(ops, opset) if style == "json" else render(ops_document(ops, opset), terminal_style(style, output))
    )
    write(pieces, output)

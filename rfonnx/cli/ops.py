"""`rfonnx ops`: which operators are supported, and how."""

from __future__ import annotations

import click

from rfonnx.cli import options

STYLES = ("text", "json", "markdown")


@click.command("ops")
@options.style_option(*STYLES)
@options.output_option
def command(style: str | None, output: str | None) -> None:
    """List the operators of ONNX and how each is handled."""
    from rfonnx.cli.output import open_output
    from rfonnx.operators.support import newest_opset, support
    from rfonnx.report import render
    from rfonnx.report.operators.support import ops_document, ops_json

    out = open_output(output, style, STYLES)
    ops, opset = support(), newest_opset()
    out.write(ops_json(ops, opset) if out.style == "json" else render(ops_document(ops, opset), out.style))

"""`rfonnx stream`: an offline model becomes one that runs on chunks."""

from __future__ import annotations

import click

from rfonnx.cli.lazy import Lazy

MAKE = "make"


class Streams(Lazy):
    """`rfonnx stream MODEL` is `rfonnx stream make MODEL`; a model that is called as a command, verify, is ./verify."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The first word that is no option and no command is a model."""
        if args and args[0] not in (*self._modules, "-h", "--help"):
            args = [MAKE, *args]
        return super().parse_args(ctx, args)


command = Streams(
    {
        MAKE: "rfonnx.cli.stream_make",
        "verify": "rfonnx.cli.stream_verify",
        "latency": "rfonnx.cli.stream_latency",
        "statistics": "rfonnx.cli.stream_statistics",
    },
    name="stream",
    help="An exact streaming model: `rfonnx stream MODEL` makes it, verify holds it against MODEL, latency times it.",
)

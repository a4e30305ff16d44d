"""The command line as click sees it."""

from __future__ import annotations

from typing import Any

import click

from rfonnx.cli.lazy import Lazy
from rfonnx.version import __version__

COMMANDS = (
    "report",
    "explain",
    "locate",
    "whatif",
    "erf",
    "compare",
    "check",
    "tile",
    "stream",
    "scan",
    "annotate",
    "ops",
)
"""Each is `rfonnx.cli.<name>.command`."""


class Commands(Lazy):
    """All of them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__({name: f"rfonnx.cli.{name}" for name in COMMANDS}, **settings)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rfonnx", message="%(prog)s %(version)s")
def cli() -> None:
    """What each output of an ONNX model can see, from the exported file alone."""

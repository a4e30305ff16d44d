"""The entry point. Little is imported before signals and standard streams are in order: most of a short command is imports."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main() -> None:
    """Run the command line and exit."""
    from rfonnx.cli import signals, streams

    try:
        streams.complete()
        signals.install()
        code = run()
    except (KeyboardInterrupt, signals.Ended):
        code = signals.received()
    sys.exit(signals.finish(code))


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    A command returns nothing (0) or the exit code; an error of the user is raised as `RfonnxError` or by click.
    """
    try:
        from rfonnx.cli import streams
        from rfonnx.cli.commands import cli

        code = cli.main(args, prog_name="rfonnx", standalone_mode=False)
        streams.flush()
    except BaseException as error:
        from rfonnx.cli.failures import failed

        return failed(error)
    return code if isinstance(code, int) else 0

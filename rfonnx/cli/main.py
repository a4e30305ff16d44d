"""The entry point. Little is imported before signals and standard streams are in order: most of a short command is imports."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

STRUCTURAL = ("report", "explain", "locate", "whatif", "annotate", "ops")
"""Commands that look at a model's structure, and multiply no matrices."""


def main(watched: bool = False) -> None:
    """Run the command line and exit. `watched`: another process counts the time that it takes, see `rfonnx.cli.deadline`."""
    from rfonnx.cli import signals, streams

    # What is imported, and what an analysis makes, stays until the end: the collector would walk over it again and again.
    # Commands that run models over many samples turn it on again.
    gc.disable()
    if sys.argv[1:2] and sys.argv[1] in STRUCTURAL:
        # numpy's OpenBLAS starts a thread for each core when it is imported: a tenth of a report's processor time.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        streams.complete()
        signals.install()
        code = run(watched=watched)
    except (KeyboardInterrupt, signals.Ended):
        code = signals.received()
    code = signals.finish(code)
    streams.end()
    os._exit(code)  # sys.exit would free every object of the analysis one by one, a tenth of a report's time


def run(args: Sequence[str] | None = None, watched: bool = False) -> int:
    """Run the command line; return the exit code.

    A command returns nothing (0) or the exit code; an error of the user is raised as `RfonnxError` or by click.
    """
    try:
        from rfonnx.cli import streams
        from rfonnx.cli.commands import cli
        from rfonnx.cli.deadline import Invocation

        words = sys.argv[1:] if args is None else list(args)
        code = cli.main(words, prog_name="rfonnx", standalone_mode=False, obj=Invocation(words, watched))
        streams.flush()
    except BaseException as error:
        from rfonnx.cli.failures import failed

        return failed(error)
    return code if isinstance(code, int) else 0

"""From what went wrong to one line on standard error and an exit code."""

from __future__ import annotations

import click

from rfonnx.cli import signals, streams
from rfonnx.errors import RfonnxError, shortened

CHECK_FAILED, USER_ERROR, INTERNAL_ERROR, INTERRUPTED = 1, 2, 3, signals.CODES[2]
"""Exit codes besides 0; a command returns `CHECK_FAILED`, the others are what exceptions become."""

REPORT_TO = "the maintainers, with the traceback above and, if you may share it, the model"


def failed(error: BaseException) -> int:
    """Tell an error that ended a command; the exit code.

    Raises:
        BaseException: `error`, where it is none that a command may end with.
    """
    if signals.received() and isinstance(error, Exception):
        return signals.received()  # an import that a signal interrupts may fail with an error of its own
    if isinstance(error, RfonnxError):
        return fail(str(error))
    if isinstance(error, click.ClickException):
        return fail(_usage(error))
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, OSError):
        return _refused(error)
    if isinstance(error, SystemExit):
        return 0  # click's way to say that the reader of the help has seen enough
    if isinstance(error, MemoryError):
        reason = str(error) or "none is left"
        return fail(f"not enough memory ({reason}); bind a shorter input with --shape, or a smaller --batch")
    if isinstance(error, Exception):
        return _internal(error)
    raise error


def fail(message: str) -> int:
    """One line on standard error, whatever a model's names put into the message."""
    from rfonnx.report.escape import printable

    streams.say(f"rfonnx: error: {shortened(printable(' '.join(message.split())))}")
    return USER_ERROR


def _refused(error: OSError) -> int:
    """What the system refuses: mostly to write the help to a standard output that is full or closed."""
    try:
        streams.flush()
    except RfonnxError as unwritten:
        return fail(str(unwritten))
    where = f"{error.filename!r}" if error.filename else "standard output or a file"
    return fail(f"{where}: {error.strerror or error}; check the path, the space that is left and the rights")


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".?")
    context = getattr(error, "ctx", None)
    return f"{shortened(message)}; '{context.command_path} --help' lists what there is" if context else message


def _internal(error: Exception) -> int:
    import traceback

    streams.say("".join(traceback.format_exception(error)).rstrip("\n"))
    streams.say(f"rfonnx: internal error: please report this to {REPORT_TO}")
    return INTERNAL_ERROR

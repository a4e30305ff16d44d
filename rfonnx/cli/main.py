"""The entry point: finds the command, and turns whatever goes wrong into one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from rfonnx.errors import RfonnxError
from rfonnx.version import __version__

COMMANDS = ("report", "explain", "erf", "compare", "check", "ops")
"""Each is `rfonnx.cli.<name>.command`, loaded when it is asked for: no command waits for what another imports."""

CHECK_FAILED, USER_ERROR, INTERNAL_ERROR, INTERRUPTED = 1, 2, 3, 130
"""Exit codes besides 0; a command returns `CHECK_FAILED`, the others are what exceptions become."""

REPORT_TO = "the maintainers, with the traceback above and, if you may share it, the model"


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rfonnx.cli.{cmd_name}").command
        return command


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rfonnx", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """What each output of an ONNX model can see, from the exported file alone."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(USER_ERROR)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(args))


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    A command returns nothing (0) or the exit code; an error of the user is raised as `RfonnxError` or by click.
    """
    try:
        code = cli.main(args, prog_name="rfonnx", standalone_mode=False)
    except RfonnxError as error:
        return _fail(str(error))
    except click.ClickException as error:
        return _fail(_usage(error))
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except MemoryError as error:
        return _fail(
            f"not enough memory ({error or 'none is left'}); bind a shorter input with --shape, or a smaller --batch"
        )
    except Exception as error:
        return _internal(error)
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".?")
    context = getattr(error, "ctx", None)
    return f"{message}; '{context.command_path} --help' lists what there is" if context else message


def _fail(message: str) -> int:
    """One line on standard error, whatever a model's names put into the message."""
    from rfonnx.report.escape import printable

    click.echo(f"rfonnx: error: {printable(' '.join(message.split()))}", err=True)
    return USER_ERROR


def _internal(error: Exception) -> int:
    import traceback

    traceback.print_exception(error)
    click.echo(f"rfonnx: internal error: please report this to {REPORT_TO}", err=True)
    return INTERNAL_ERROR

"""The command line as click sees it: a group whose commands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module

import click

from rfonnx.cli.failures import USER_ERROR
from rfonnx.version import __version__

COMMANDS = ("report", "explain", "erf", "compare", "check", "ops")
"""Each is `rfonnx.cli.<name>.command`: no command waits for what another imports."""


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rfonnx.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the whole of its first sentence, where click would cut it to a line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(limit=1000)) for name, command in commands if command]
            )


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rfonnx", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """What each output of an ONNX model can see, from the exported file alone."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(USER_ERROR)

"""`rfonnx check MODEL`: does the model hold the rules it shall hold?"""

from __future__ import annotations

import gc
import os
from typing import Any, Literal

import click

from rfonnx.cli import options, words
from rfonnx.cli.failures import CHECK_FAILED
from rfonnx.cli.from_settings import setting_options
from rfonnx.cli.output import Output, open_output
from rfonnx.cli.waiting import waiting
from rfonnx.comparing.settings import Settings
from rfonnx.report import formats
from rfonnx.report.formats import CHECK, RULE, RULES, Told
from rfonnx.results.findings import CheckRun
from rfonnx.system.config import read_config


class OrderedOutputs(click.Command):
    """`--format A -o FILE --format B`: a file belongs to the format before it, which click's options do not remember."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["rfonnx.outputs"] = outputs(args)
        return super().parse_args(ctx, args)


def outputs(args: list[str]) -> list[tuple[str | None, str | None]]:
    """(format, file) in the order given; a file before any format has the one of its ending. Without either, standard output.

    >>> outputs(["m.onnx", "--format", "sarif", "-o", "out.sarif", "--format=text", "-o", "b.txt", "-o", "c.json"])
    [('sarif', 'out.sarif'), ('text', 'b.txt'), (None, 'c.json')]
    """
    found: list[tuple[str | None, str | None]] = []
    words = iter(args)
    for word in words:
        if word == "--":
            break
        if word == "--format" or word.startswith("--format="):
            found.append((word.partition("=")[2] or next(words, ""), None))
        elif word in ("-o", "--output") or word.startswith(("--output=", "-o")):
            file = word.partition("=")[2] if word.startswith("--") else word[2:]
            file = file or next(words, "")
            style = found.pop()[0] if found and found[-1][1] is None else None
            found.append((style, file))
    return found or [(None, None)]


def _opened(subject: formats.Subject[Told], *inputs: str | os.PathLike[str] | None) -> list[Output[Told]]:
    """Every output that was asked for, in order."""
    context = click.get_current_context()
    asked = context.meta["rfonnx.outputs"]
    opened = [open_output(subject, file, style, *inputs) for style, file in asked]
    files = [os.path.realpath(file) for _, file in asked if file not in (None, "-", os.devnull)]
    if len(set(files)) < len(files):
        raise click.UsageError("two outputs go into one file", context)
    return opened


@click.command("check", cls=OrderedOutputs)
@click.argument("models", type=click.Path(), nargs=-1)
@click.option("--against", metavar="TEACHER", help="The model that it shall replace.")
@click.option(
    "--rules",
    "config",
    metavar="FILE",
    help="Rules, in a table [check.rules]. [default: rfonnx.toml or pyproject.toml here]",
)
@click.option(
    "--rule",
    "asked_rules",
    multiple=True,
    metavar="RULE[.NAME][=X]",
    help="Run this rule, and none that are not named: causal, field-minimum=64, causal.axis=2. Repeatable.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    help="Where it shall run, held against the operators taken there: coreml, mobile, portable, tensorrt, web. Repeatable.",
)
@setting_options(Settings, "data", "samples")
@options.named_option(
    "--prep",
    "prep",
    words.pair,
    "KEY=VALUE",
    "How images become inputs: size, crop, layout, channels, scale, mean, std.",
)
@click.option(
    "--fail-level",
    type=click.Choice(["note", "warning", "error"]),
    help="Severity from which findings fail. [default: error]",
)
@click.option("--explain", metavar="RULE", help="Say what a rule checks, and why.")
@click.option("--list", "listing", is_flag=True, help="List all rules.")
@click.option(
    "--format",
    "styles",
    multiple=True,
    type=click.Choice(CHECK.formats),
    help="How to write it. Repeatable, each with an -o of its own. [default: by the ending of -o, else text]",
)
@click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    metavar="FILE",
    help="Where the --format before it goes; a report that is there is replaced. [default: standard output]",
)
@setting_options(Settings, "threads", "provider")
@options.run_options
@options.batch_axis_option
def command(
    models: tuple[str, ...],
    against: str | None,
    config: str | None,
    asked_rules: tuple[str, ...],
    targets: tuple[str, ...],
    prep: dict[str, str],
    fail_level: Literal["note", "warning", "error"] | None,
    explain: str | None,
    listing: bool,
    styles: tuple[str, ...],
    files: tuple[str, ...],
    shapes: words.Shapes,
    **given: Any,
) -> int:
    """Hold MODELS, ONNX files, against rules."""
    gc.enable()
    if explain is not None or listing:
        _tell_rules(explain)
        return 0
    if not models:
        raise click.UsageError("Missing argument 'MODELS'", click.get_current_context())

    from rfonnx.checking.request import from_config
    from rfonnx.checking.run import check_models
    from rfonnx.checking.subject import Against, Subject

    read = read_config(config)
    asked = from_config(read, asked_rules, against, shapes, {"shapes": shapes, **given}, prep, targets)
    subjects = [Subject(model, asked.shapes, Against(asked.against, asked.settings)) for model in models]
    reports = _opened(CHECK, *models, asked.against, asked.settings.data, read.path)
    with waiting(f"checking {', '.join(models)}"):
        results, error = check_models(subjects, asked.chosen)
    checks = CheckRun(tuple(results), fail_level or asked.fail_level, read.file)
    for out in reports:
        out.write(checks)
    if error is not None:
        raise error
    return 0 if checks.passed else CHECK_FAILED


def _tell_rules(name: str | None) -> None:
    """One rule, or all."""
    from rfonnx.checking.rule_table import find, rules

    if name is None:
        for out in _opened(RULES):
            out.write(list(rules().values()))
    else:
        for about in _opened(RULE):
            about.write(find(name)[0])

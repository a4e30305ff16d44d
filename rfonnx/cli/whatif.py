"""`rfonnx whatif MODEL --set NODE:stride=1`: fields and cost with changes, before anybody trains or exports again."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

import click

import rfonnx
from rfonnx.cli import options, words
from rfonnx.cli.numbers import Number
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.report.formats import WHATIF
from rfonnx.results.variants import ChangeKind, Changes

Attributes = dict[str, int | tuple[int, ...]]

ALONE = "changed"
"""The variant that --set and --drop make."""


def node_changes(text: str) -> tuple[str, Attributes]:
    """`conv5:kernel=5x3,dilation=2`: a node, and what its attributes become."""
    name, _, pairs = text.rpartition(":")
    found: Attributes = {}
    for pair in pairs.split(","):
        key, _, value = pair.partition("=")
        if (
            not name
            or not re.fullmatch(r"\s*[a-z_]+\s*", key)
            or not re.fullmatch(r"\s*[0-9]{1,9}(x[0-9]{1,9})*\s*", value)
        ):
            raise click.BadParameter(f"'{text}' is not like NODE:stride=1 or NODE:kernel=5x3,dilation=2")
        if key.strip() in found:
            raise click.BadParameter(f"'{text}' has {key.strip()} twice")
        numbers = tuple(map(int, value.split("x")))
        found[key.strip()] = numbers[0] if len(numbers) == 1 else numbers
    return name, found


def variant(text: str) -> tuple[str, Changes]:
    """`wide=conv5:kernel=5; drop relu3`: a name, and changes as after --set, or nodes to drop."""
    name, _, told = text.partition("=")
    parts = [part.strip() for part in told.split(";") if part.strip()]
    if not name.strip() or ":" in name or not parts:
        raise click.BadParameter(f"'{text}' is not like NAME=NODE:stride=1; drop NODE")
    dropped = [part.removeprefix("drop ").strip() for part in parts if part.startswith("drop ")]
    changed = [node_changes(part) for part in parts if not part.startswith("drop ")]
    return name.strip(), together(tuple(changed), tuple(dropped))


def together(changed: tuple[tuple[str, Attributes], ...], dropped: tuple[str, ...]) -> Changes:
    """One table of changes; of a node that is named twice, all attributes."""
    found: dict[str, Attributes | None] = {}
    for name, attributes in changed:
        before = found.get(name) or {}
        for key in before.keys() & attributes.keys():
            raise click.BadParameter(f"{key} of '{name}' is given twice")
        found[name] = {**before, **attributes}
    for name in dropped:
        if name in found:
            raise click.BadParameter(f"'{name}' is changed and dropped")
        found[name] = None
    return found


def target(text: str) -> float:
    """`coverage=0.9`: the share that is to be seen."""
    name, _, share = text.partition("=")
    if name.strip() != "coverage" or not re.fullmatch(r"\s*([0-9]{1,3}|[0-9]{0,3}\.[0-9]{1,9})\s*", share):
        raise click.BadParameter(f"'{text}' is not like coverage=0.9")
    return float(share)


def one_target(_: click.Context, __: click.Parameter, given: tuple[float, ...]) -> float | None:
    """Of several targets, one would be left out without a word."""
    if len(given) > 1:
        raise click.BadParameter("is given twice: the larger one holds for both")
    return given[0] if given else None


def kinds(text: str) -> tuple[ChangeKind, ...]:
    """`dilation,kernel`: what may be changed."""
    found = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if not set(found) <= set(get_args(ChangeKind)):
        raise click.BadParameter(f"'{text}' is not a list of {', '.join(get_args(ChangeKind))}")
    return cast(tuple[ChangeKind, ...], found)


@click.command("whatif")
@options.model_argument
@click.option(
    "--set",
    "changed",
    type=node_changes,
    multiple=True,
    metavar="NODE:ATTR=VALUE,...",
    help="Change kernel, stride, dilation or pads of a node, named by itself or by what it makes: conv5:kernel=5x3,dilation=2. "
    "Repeatable: all of them together are one variant.",
)
@click.option("--drop", "dropped", multiple=True, metavar="NODE", help="Take a node out of it. Repeatable.")
@click.option(
    "--variant",
    "variants",
    type=variant,
    callback=words.by_name,
    multiple=True,
    metavar="NAME=CHANGES",
    help="One more variant: 'wide=conv5:kernel=5; conv6:dilation=2; drop relu3'. Repeatable.",
)
@click.option(
    "--tensor",
    "tensors",
    multiple=True,
    metavar="NAME",
    help="Look at this tensor. Repeatable. [default: the outputs; of a classifier, the last feature map, too]",
)
@click.option(
    "--size",
    type=words.lengths,
    metavar="H,W",
    help="Length of the axes that windows slide along, one for all or one for each. [default: the file's]",
)
@click.option(
    "--target",
    "coverage",
    type=target,
    multiple=True,
    callback=one_target,
    metavar="coverage=0.9",
    help="Search for the fewest changes with which the middle position of every --tensor sees this share of the input, along "
    "every axis that windows slide along; those that add the fewest MACs come first.",
)
@click.option(
    "--by",
    type=kinds,
    metavar="LIST",
    default="dilation,kernel,stride",
    show_default=True,
    help="What the search changes: dilation (of a convolution or pool, 2, 4 or 8 times as large), kernel (longer by 2), stride "
    "(removed).",
)
@click.option(
    "--most", type=Number("changes"), default=2, show_default=True, metavar="N", help="Changes at a time, at most."
)
@options.report_options(WHATIF.formats)
def command(
    model: str,
    changed: tuple[tuple[str, Attributes], ...],
    dropped: tuple[str, ...],
    variants: dict[str, Changes],
    tensors: tuple[str, ...],
    size: tuple[int, ...] | None,
    coverage: float | None,
    by: tuple[ChangeKind, ...],
    most: int,
    style: str | None,
    output: str | None,
    shapes: words.Shapes,
    values: dict[str, Any],
) -> None:
    """Show what changes to MODEL, an ONNX file, would do to its fields and its cost, without training it again.

    The file stays as it is, and no weights are needed. Padding follows kernels and dilations, so that lengths stay what they are.
    """
    out = open_output(WHATIF, output, style, model)
    alone = {ALONE: together(changed, dropped)} if changed or dropped else {}
    if not alone and not variants and coverage is None:
        raise click.UsageError(
            "nothing was asked for: give --set, --drop, --variant or --target", click.get_current_context()
        )
    if alone and ALONE in variants:
        raise click.UsageError(f"--set and --drop make the variant '{ALONE}': give the other one another name")
    with waiting(f"analysing {model}"):
        found = rfonnx.whatif(
            model,
            variants={**alone, **variants},
            tensors=tensors,
            size=size,
            coverage=coverage,
            by=by,
            most=most,
            shapes=shapes,
            values=values,
        )
    out.write(found)

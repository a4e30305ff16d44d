"""`rfonnx whatif MODEL --set NODE:stride=1`: fields and cost with changes, before anybody trains or exports again."""

from __future__ import annotations

import re
from typing import Any

import click

import rfonnx
from rfonnx.cli import options, words
from rfonnx.cli.output import open_output
from rfonnx.cli.waiting import waiting
from rfonnx.report.formats import WHATIF
from rfonnx.results.variants import Changes

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
        found[name] = {**(found.get(name) or {}), **attributes}
    for name in dropped:
        if name in found:
            raise click.BadParameter(f"'{name}' is changed and dropped")
        found[name] = None
    return found


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
@options.report_options(WHATIF.formats)
def command(
    model: str,
    changed: tuple[tuple[str, Attributes], ...],
    dropped: tuple[str, ...],
    variants: dict[str, Changes],
    tensors: tuple[str, ...],
    size: tuple[int, ...] | None,
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
    if not alone and not variants:
        raise click.UsageError("nothing was asked for: give --set, --drop or --variant", click.get_current_context())
    with waiting(f"analysing {model}"):
        found = rfonnx.whatif(
            model, variants={**alone, **variants}, tensors=tensors, size=size, shapes=shapes, values=values
        )
    out.write(found)

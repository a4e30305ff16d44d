"""The explanation of one tensor, for people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.report.document import Document, Line, Name, Section, Table, number, shortened
from rfonnx.report.explanation.chains import Chain, Explanation, Region
from rfonnx.report.explanation.growth import NAMES, cause_words, shares
from rfonnx.report.pictures import block_sizes, picture_of
from rfonnx.results.fields import ExplainStep
from rfonnx.results.plain import axes_text, bound_texts, shape_text

HEADER = ("tensor", "op", "kernel", "dilation", "stride", "jump", "added", "size", "cause")


def explain_document(told: Explanation, every: bool) -> Document:
    """The explanation as a document.

    Args:
        told: the explanation.
        every: a row for every operator of a chain, also for those that add nothing.
    """
    tensor = told.tensor
    head: list[Line] = [(Name(tensor.name), ": ", Name(tensor.op_type), f", {shape_text(tensor.shape)}")]
    head += [("at most: ", Name(note)) for note in tensor.notes if not tensor.exact]
    head += [("input ", Name(name), words) for name, words in bound_texts(told.values)]
    if not (told.chains or told.reads):
        head.append(("depends on no input",))
    return Document(tuple(head), (*(_table(chain, every) for chain in told.chains), *_sections(told)))


def _table(chain: Chain, every: bool) -> Table:
    steps = [step for step in chain.steps if every or step.added]
    rows = [_cells(step) for step in steps]
    shown, gap, elision = (rows, None, "") if every else shortened(rows)
    axes = axes_text(chain.axes)
    quiet = len(chain.steps) - len(steps)
    caption: list[str] = [Name(chain.input), f", {axes}"]
    if words := shares(chain.steps):
        caption.append(f": {words}")
    if quiet:
        what = "operator that adds nothing is" if quiet == 1 else "operators that add nothing are"
        caption.append(f"; {quiet} {what} left out; see --all")
    return Table(HEADER, tuple(shown), tuple(caption), gap, elision)


def _cells(step: ExplainStep) -> tuple[str, ...]:
    return (
        Name(step.tensor),
        Name(step.op_type),
        str(step.kernel),
        str(step.dilation),
        number(step.stride),
        number(step.jump),
        f"{step.added:+d}",
        str(step.size),
        _cause(step),
    )


def _cause(step: ExplainStep) -> str:
    """The cause, and what misaligned branches added beside it."""
    beside = f", {NAMES['joins']} {step.misaligned:+d}" if step.misaligned and step.cause != "join" else ""
    return cause_words(step.cause) + beside


def _sections(told: Explanation) -> Iterator[Section]:
    for region in told.reads:
        of = f" ({shape_text(told.input_shapes[region.where])})"
        yield from _region(region, f"What position {', '.join(map(str, region.of))} reads", of)
    for region in told.reached:
        of = f" ({shape_text(told.tensor.shape)}), at most: holes inside a field count as seen"
        yield from _region(region, f"What sees input position {', '.join(map(str, region.of))}", of)


def _region(region: Region, heading: str, of: str) -> Iterator[Section]:
    yield Section(heading, (("of ", Name(region.where), of), *_extents(region)))
    yield from _picture(region)


def _extents(region: Region) -> Iterator[Line]:
    if not region.extents:
        yield ("nothing",)
    for extent in region.extents:
        yield (f"axis {extent.axis}: {extent.first}..{extent.last}, span {extent.span}, {extent.used} used",)
    if region.drawn and region.full:
        yield ("every position between is used",)


def _picture(region: Region) -> Iterator[Section]:
    if not region.drawn or region.full:
        return
    sizes, told = block_sizes([1, *(extent.span for extent in region.drawn)][-2:])
    edges = [
        np.append(np.arange(extent.first, extent.last + 1, size), extent.last + 1)
        for extent, size in zip(region.drawn, sizes[-len(region.drawn) :], strict=True)
    ]
    lines, legend = picture_of(np.atleast_2d(region.grid.shares(edges)), told)
    words = [f"axis {extent.axis} {extent.first}..{extent.last}" for extent in region.drawn]
    where = f"{words[0]} across" if len(words) == 1 else f"{words[0]} down, {words[1]} across"
    yield Section(f"Picture: {where} ({legend})", tuple((line,) for line in lines), picture=True)

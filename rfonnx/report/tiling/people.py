"""A plan of tiles for people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from rfonnx.report.document import Document, Line, Name, Section, Table, number
from rfonnx.results.plain import counted, percent, shape_text
from rfonnx.results.tiling import Approximate, Pair, PlanSummary, TiledAxis, ValidLengths


def plan_document(plan: PlanSummary) -> Document:
    """The verdict, the tiles, a row for each axis, and what keeps tiles from being exact."""
    return Document(tuple(_head(plan)), (*_tables(plan), *_sections(plan)))


def _head(plan: PlanSummary) -> Iterator[Line]:
    if not plan.exact:
        yield (Name(plan.model), ": no tiles are exact")
        return
    rounding = ", but for the rounding of what is gathered" if plan.stages else ""
    yield (Name(plan.model), f": tiles are exact: what is kept of each is what the whole would have there{rounding}")
    for turn, tensors in enumerate(plan.stages, 1):
        shown = ", ".join(tensors[:3]) + (f" and {len(tensors) - 3} more" if len(tensors) > 3 else "")
        yield (f"pass {turn} of {len(plan.stages) + 1} gathers what is taken over the whole for ", Name(shown))
    for line in plan.assumptions:
        yield (f"assumed: {line}",)
    if plan.counts:
        tiles = math.prod(plan.counts)
        tiled = {name for axis in plan.axes for name, _ in axis.inputs}
        crops = ", ".join(f"{name} {shape_text(shape)}" for name, shape in plan.crop_shapes.items() if name in tiled)
        rows = " x ".join(map(str, plan.counts))
        grid = f" ({rows})" if len(plan.counts) > 1 else ""
        yield (
            f"{counted(tiles, 'tile')}{grid}, each a run of ",
            Name(crops),
            f"; {percent(plan.recomputed)} of the work is done twice",
        )
    elif not plan.axes:
        yield ("the last pass is one run: all that is left is made of what was gathered",)
    else:
        yield ("no size was given: --size tells how many tiles there are",)
    if plan.memory is not None:
        yield (f"a run takes {plan.memory / 2**20:,.0f} MiB, measured",)


def _tables(plan: PlanSummary) -> Iterator[Table]:
    if not plan.exact or not plan.axes:
        return
    whole = bool(plan.counts)
    inputs = ("input", "axis", "halo before", "halo after", "grid", "crop adds", "lengths it takes", "whole", "crop")
    rows = [row for axis in plan.axes for row in _input_rows(plan, axis)]
    caption = "halo: what a part on the grid sees beside itself; crops begin on the grid, and so add more"
    yield Table(inputs if whole else inputs[:-2], tuple(row if whole else row[:-2] for row in rows), (caption,))
    outputs = ("output", "axis", "positions per input position", "whole")
    made = [row for axis in plan.axes for row in _output_rows(axis)]
    yield Table(outputs if whole else outputs[:-1], tuple(row if whole else row[:-1] for row in made), ("",))


def _output_rows(axis: TiledAxis) -> Iterator[tuple[str, ...]]:
    for (name, place), moved in axis.outputs.items():
        scale = number(Fraction(moved, next(iter(axis.inputs.values()))))
        yield Name(name), str(place), scale, str(axis.lengths[name, place])


def _input_rows(plan: PlanSummary, axis: TiledAxis) -> Iterator[tuple[str, ...]]:
    for pair, step in axis.inputs.items():
        before, after = axis.halo[pair]
        yield (
            Name(pair[0]),
            str(pair[1]),
            str(before),
            str(after),
            str(step),
            f"{axis.before * step} + {axis.after * step}",
            _valid(plan.valid.get(pair)),
            str(axis.lengths[pair]),
            str(_crop(plan, pair)),
        )


def _crop(plan: PlanSummary, pair: Pair) -> int:
    return plan.crop_shapes[pair[0]][pair[1]] if plan.crop_shapes else 0


def _valid(valid: ValidLengths | None) -> str:
    return "" if valid is None else f"{valid.least}, {valid.least + valid.step}, {valid.least + 2 * valid.step}, ..."


def _sections(plan: PlanSummary) -> Iterator[Section]:
    yield from _verdict(plan)
    if plan.approximate:
        yield Section(
            "An approximate halo, measured and not proven", tuple(_approximate(one) for one in plan.approximate)
        )


def _approximate(one: Approximate) -> Line:
    sides = f"{one.before} before and {one.after} after along axis {one.axis}"
    told = f" lies within {sides}, in {counted(one.samples, 'random sample')}"
    return (f"{percent(one.mass)} of what the middle of ", Name(one.output), " uses of ", Name(one.input), told)


def _verdict(plan: PlanSummary) -> Iterator[Section]:
    if not plan.exact:
        yield Section("Why", tuple((Name(line),) for line in plan.reasons), alarm=True)
        if plan.staged:
            text = (
                f"in {plan.staged} passes they are: all but the last gather what is taken over the whole; see --stages"
            )
            yield Section("What to do", ((text,),))
    elif plan.whole:
        lines = tuple(
            (f"axis {axis} of ", Name(name), ": every tile has all of it: ", Name(reason))
            for (name, axis), reason in plan.whole.items()
        )
        yield Section("Not tiled", lines)

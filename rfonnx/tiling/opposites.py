"""What must go wrong if a plan is the least that does: a smaller halo, a shorter crop, an origin off the grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rfonnx.errors import RunError
from rfonnx.results.tiling import Pair, Ranges, TiledAxis
from rfonnx.results.verification import Difference, Opposite
from rfonnx.tiling.contrast import Contrast
from rfonnx.tiling.plan import Plan

TURNS = 4
"""Times that other numbers are put in a position, where a maximum or a ReLU hides the first ones."""


def opposites(plan: Plan, contrast: Contrast) -> Iterator[Opposite]:
    """Along each group of axes that has room for a step away from the borders."""
    for axis in plan.axes:
        place = axis.before + 1
        steps = min(axis.lengths[pair] // step for pair, step in axis.inputs.items())
        if place + axis.after + 2 <= steps:
            yield from _smaller_halos(plan, contrast, axis, place)
            ends = (place - axis.before, place + 1 + axis.after)
            proper = _crops(plan, {p: (ends[0] * by, ends[1] * by) for p, by in axis.inputs.items()})
            kept, local = _kept(plan, axis, place, place + 1), _kept(plan, axis, axis.before, axis.before + 1)
            off = _run(contrast, proper, kept, local)
            wrong = [*_shorter_crops(plan, contrast, axis, place), *_off_the_grid(plan, contrast, axis, place)]
            yield from (replace(one, usual=off.largest if off else 0.0) for one in wrong)


def _smaller_halos(plan: Plan, contrast: Contrast, axis: TiledAxis, place: int) -> Iterator[Opposite]:
    """One position less on one side of what a step sees is replaced in the whole run."""
    kept = _kept(plan, axis, place, place + 1)
    for pair, step in axis.inputs.items():
        before, after = axis.halo[pair]
        for side, halo in (("before", before), ("after", after)):
            if halo:
                begin, end = place * step - before + (side == "before"), (place + 1) * step + after - (side == "after")
                crops = _crops(plan, {pair: (begin, end)})
                tries = (_largest(contrast.spoilt(crops, kept, turn)) for turn in range(TURNS))
                off = next((one for one in tries if one.largest), Difference(0.0, 0.0, 0.0, 0.0))
                yield Opposite("halo", pair, side, halo, off)


def _shorter_crops(plan: Plan, contrast: Contrast, axis: TiledAxis, place: int) -> Iterator[Opposite]:
    """A run on a crop that holds one step less on one side."""
    pair, step = next(iter(axis.inputs.items()))
    for side, margin in (("before", axis.before), ("after", axis.after)):
        if margin:
            first = place - axis.before + (side == "before")
            end = place + 1 + axis.after - (side == "after")
            crops = _crops(plan, {p: (first * by, end * by) for p, by in axis.inputs.items()})
            off = _run(
                contrast,
                crops,
                _kept(plan, axis, place, place + 1),
                _kept(plan, axis, place - first, place - first + 1),
            )
            yield Opposite("crop", pair, side, (margin - 1) * step, off)


def _off_the_grid(plan: Plan, contrast: Contrast, axis: TiledAxis, place: int) -> Iterator[Opposite]:
    """A run on a crop of full length that begins as few positions off the grid as outputs have whole positions for."""
    grid = math.gcd(*axis.inputs.values())
    moves = math.lcm(*(grid // math.gcd(grid, step) for step in axis.outputs.values()))
    if moves == grid:  # nothing off the grid falls on positions of the outputs
        return
    origin, end = place - axis.before, place + 1 + axis.after
    pair, step = next(iter(axis.inputs.items()))
    shifts = {p: moves * by // grid for p, by in {**axis.inputs, **axis.outputs}.items()}
    crops = _crops(plan, {p: (origin * by + shifts[p], end * by + shifts[p]) for p, by in axis.inputs.items()})
    kept = _kept(plan, axis, place, place + 1, shifts)
    off = _run(contrast, crops, kept, _kept(plan, axis, axis.before, axis.before + 1))
    yield Opposite("grid", pair, "", moves * step // grid, off)


def _run(
    contrast: Contrast, crops: Mapping[str, Ranges], kept: Mapping[str, Ranges], local: Mapping[str, Ranges]
) -> Difference | None:
    try:
        return _largest(contrast.cropped(crops, kept, local))
    except RunError:
        return None


def _largest(found: Mapping[str, Difference]) -> Difference:
    return max(found.values(), key=lambda off: (not off.passed, off.share))


def _crops(plan: Plan, cut: Mapping[Pair, tuple[int, int]]) -> dict[str, Ranges]:
    """All of the inputs, but along these axes."""
    return {
        name: tuple(cut.get((name, axis), (0, n)) for axis, n in enumerate(shape))
        for name, shape in plan.input_shapes.items()
    }


def _kept(
    plan: Plan, axis: TiledAxis, first: int, end: int, shifts: Mapping[Pair, int] | None = None
) -> dict[str, Ranges]:
    """Those steps of the outputs that move with a group of axes; of others nothing."""
    by_name = {name: (place, step) for (name, place), step in axis.outputs.items()}
    made = {}
    for name, shape in plan.output_shapes.items():
        ranges = [(0, n) for n in shape]
        place, step = by_name.get(name, (0, 0))
        further = (shifts or {}).get((name, place), 0)
        ranges[place] = (first * step + further, end * step + further)
        made[name] = tuple(ranges)
    return made

"""Sizes at which tiles are held against the whole, where none was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from rfonnx.errors import RfonnxError
from rfonnx.results.tiling import Pair
from rfonnx.results.verification import SizeCheck
from rfonnx.tiling.dims import Lengths
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.planning import make_plan
from rfonnx.tiling.stages.staged import staged_plan
from rfonnx.tiling.valid import valid_lengths

ROOM = (1, 2, 4, 8)
"""Times as many steps as the halo needs that a crop has, until it is long enough for a proof."""


def at_sizes(plan: Plan) -> Iterator[Plan | SizeCheck]:
    """The same at sizes that have tiles away from borders, of different remainders by the grid, as the model takes them."""
    seen = {name: shape for one in plan.passes for name, shape in one.seen.items() if name not in plan.figures}
    widest = max(plan.passes, key=_reach)
    valid = dict(one for axis in widest.axes for one in valid_lengths(plan.undivided, seen, axis))
    for turn in range(3):
        made: Plan | SizeCheck | None = None
        for times in ROOM:
            lengths = {name: list(shape) for name, shape in seen.items()}
            tile: dict[Pair, int] = {}
            for axis in widest.axes:
                steps = (axis.before + axis.after + 1) * times
                for (name, place), by in axis.inputs.items():
                    one = valid[name, place]
                    further = -(-((steps + 2) * by - one.least) // one.step) + turn * max(1, by // one.step // 2)
                    lengths[name][place] = one.least + max(0, further) * one.step
                    tile[name, place] = (steps + 1) * by
            shapes = {name: tuple(shape) for name, shape in lengths.items()}
            made = _planned(plan, shapes, tile)
            if isinstance(made, Plan):
                break
        if made is not None:
            yield made


def _reach(plan: Plan) -> int:
    """Positions that a crop needs at least."""
    return (
        max((axis.before + axis.after + 1) * math.gcd(*axis.inputs.values()) for axis in plan.axes) if plan.axes else 0
    )


def _planned(plan: Plan, shapes: Lengths, tile: Mapping[Pair, int]) -> Plan | SizeCheck:
    try:
        made = (staged_plan if plan.stages else make_plan)(plan.undivided, shapes, tile)
    except RfonnxError as error:
        return SizeCheck(shapes, {}, 0, 0, {}, skipped=str(error))
    return made if made.exact else SizeCheck(shapes, {}, 0, 0, {}, skipped="; ".join(made.reasons))

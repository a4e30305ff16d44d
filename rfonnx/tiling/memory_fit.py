"""The largest tiles whose runs stay within a memory, by measuring runs in processes of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from rfonnx.comparing.cost.memory import peak_bytes
from rfonnx.errors import QueryError, RunError
from rfonnx.results.tiling import Pair
from rfonnx.system import scratch
from rfonnx.tiling.plan import Plan

Tile = Mapping[Pair, int]

TRIES = 5
"""Runs that are measured at most, after the first two."""

GROWTH = 4.0
"""Times the volume that is tried next, also where little of the memory is left: weights may be most of what is taken."""

SAFE = 0.95
"""Share of the memory that is aimed at: what a run takes grows about, and not exactly, as the volume of its crop."""


def within(plan_for: Callable[[Tile], Plan], plan: Plan, memory: int) -> Plan:
    """The plan with the largest tiles found, and what a run of it takes, measured.

    Args:
        plan_for: makes the plan for longest crops.
        plan: exact, at the size of the whole, for any crops.
        memory: bytes that a run may add to a process that has onnxruntime.

    Raises:
        QueryError: the smallest tile takes more.
        RunError: nothing can be measured here.
    """
    ends = _ends(plan)

    def at(volume: float) -> tuple[Plan, float, int]:
        """The plan for crops of about so many times the least one's volume, that volume, and what a run takes."""
        made = plan_for(_crops(ends, volume))
        return made, _volume(made), measured(made)

    best, unit, low = at(1)
    if low > memory:
        told = f"the smallest tile takes {low / 2**20:,.0f} MiB, and {memory / 2**20:,.0f} MiB were given"
        raise QueryError(told, "give more memory")
    taken, volume, aim = low, unit, _growth(memory, low)
    for _ in range(TRIES):
        made, larger, more = at(aim)
        if larger == volume:
            break
        slope = (more - taken) / (larger - volume)
        if more <= memory:
            best, volume, taken = (made, larger, more) if larger > volume else (best, volume, taken)
        wanted = larger + (SAFE * memory - more) / slope if slope > 0 else math.inf
        aim = max(min(wanted, larger * _growth(memory, more)) / unit, 1.0)
    return replace(best, memory=taken)


def _growth(memory: int, taken: int) -> float:
    """Times the volume that is tried next at most: what a run takes grows by no more than its volume does."""
    return max(SAFE * memory / max(taken, 1), GROWTH)


def _ends(plan: Plan) -> dict[Pair, tuple[int, int]]:
    """By (input, axis) that leads a group: the shortest crop that is tried, and the whole length.

    It is twice as long as what one step of the grid needs, in all passes: shorter ones may have no room for a proof.
    """
    found: dict[Pair, tuple[int, int]] = {}
    for cut in (cut for one in plan.passes for cut in one.cuts):
        (pair, step), *_ = cut.axis.inputs.items()
        length = cut.axis.lengths[pair]
        rest = length - cut.line.steps * step
        least = min(2 * (cut.line.before + cut.line.after + 1) * step + rest, length)
        found[pair] = max((least, length), found.get(pair, (0, 0)))
    return found


def _crops(ends: Mapping[Pair, tuple[int, int]], volume: float) -> dict[Pair, int]:
    """Longest crops for a volume, as a multiple of the least one's: all sides grow by one factor, up to the whole's."""
    side = volume ** (1 / max(1, sum(least < length for least, length in ends.values())))
    return {pair: min(int(least * side), length) for pair, (least, length) in ends.items()}


def _volume(plan: Plan) -> float:
    crops = [shape for one in plan.passes for shape in one.crop_shapes.values()]
    return float(sum(np.prod(shape, dtype=np.float64) for shape in crops))


def measured(plan: Plan) -> int:
    """Bytes that loading the model and running one crop of zeros adds to a process that has onnxruntime, in the pass that
    takes most.

    Raises:
        RunError: it cannot be measured: the run fails, or the system does not tell.
    """
    return max(map(_pass, plan.passes))


def _pass(plan: Plan) -> int:
    feeds = {
        name: np.broadcast_to(np.zeros((), plan.input_dtypes[name]), shape) for name, shape in plan.crop_shapes.items()
    }
    with scratch.folder() as folder:
        path = folder / "model.onnx"
        path.write_bytes(plan.model.proto.SerializeToString())
        beside = str(plan.model.folder) if plan.model.weight_files else None
        taken = peak_bytes(str(path), feeds, 1, folder=beside)
    if taken is None:
        raise RunError("the memory of a run cannot be measured here", "give --tile instead")
    return taken

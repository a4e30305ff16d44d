"""The halo by brute force: positions of the input are replaced one after the other, and what changes in a part is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx

import rfonnx
from tiling.maker import open_session

BATCH = 64
TRIES = 30


def reach(model: onnx.ModelProto, plan: rfonnx.TilePlan, axis: int = 2, other: int = 0) -> tuple[int, int]:
    """Positions before and after a part on the grid that change it, along one axis: drawn anew until they are as many as planned.

    Args:
        model: its first axis counts samples, and is open.
        axis: of the input "x".
        other: length of the other axes of space.
    """
    one = next(a for a in plan.axes if ("x", axis) in a.inputs)
    step, place = one.inputs["x", axis], one.before + 1
    length = (place + one.after + 2) * step
    shape = [2, *(length if i == axis else other for i in range(2, len(plan.analysis.input_shapes["x"] or ())))]
    session, seen, found = open_session(model), set[int](), (0, 0)
    parts = {name: range(place * by, (place + 1) * by) for (name, at), by in one.outputs.items() if at == axis}
    for seed in range(TRIES):
        seen |= set(_seen(session, parts, axis, np.random.default_rng(seed), shape))
        found = place * step - min(seen), max(seen) - (place + 1) * step + 1
        if found == plan.halo["x", axis]:
            break
    return found


def _seen(
    session: Any, parts: dict[str, range], axis: int, random: np.random.Generator, shape: list[int]
) -> Iterator[int]:
    """Positions along an axis that change the parts of the outputs. Kernels may round otherwise in another row of a batch."""
    x = random.standard_normal(shape).astype(np.float32)
    length = shape[axis - 1]
    usual = session.run(list(parts), {"x": np.repeat(x[None], BATCH, 0)})
    for first in range(0, length, BATCH):
        positions = range(first, min(first + BATCH, length))
        feeds = np.repeat(x[None], BATCH, 0)
        for row, position in enumerate(positions):
            np.moveaxis(feeds[row], axis - 1, 0)[position] = 1e4 * random.standard_normal()
        for made, same, part in zip(session.run(list(parts), {"x": feeds}), usual, parts.values(), strict=True):
            changed = (np.take(made, part, axis) != np.take(same, part, axis)).reshape(BATCH, -1).any(1)
            yield from (positions[row] for row in np.flatnonzero(changed))

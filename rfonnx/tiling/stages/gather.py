"""Run the passes before the last one: the figures that a model takes over all of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from rfonnx.model.opened import Opened
from rfonnx.tiling.each import each_tile
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.pools import Pool
from rfonnx.tiling.stages.gathered import Gathered

Pools = Callable[[Opened, list[str]], AbstractContextManager[Pool]]
"""Gives a pool for a model and the outputs that are kept."""


def gather(
    plan: Plan, sources: Mapping[str, Any], pools: Pools, tell: Callable[[int], None] = lambda tiles: None
) -> dict[str, np.ndarray]:
    """The figures of all stages, by the name of the input that takes them.

    Args:
        plan: at the size of the sources.
        sources: by input of the file: what gives parts of it by slices.
        pools: where crops are run.
        tell: called after every tile with 1.

    Raises:
        RfonnxError: as `each_tile`.
    """
    found: dict[str, np.ndarray] = {}
    for stage in plan.stages:
        gathered = [Gathered(statistic) for statistic in stage.statistics]
        dtype = np.dtype(np.float32)
        with pools(stage.plan.model, [one.of for one in stage.statistics]) as pool:
            for _, made in each_tile(stage.plan, {**sources, **found}, pool):
                for figure, statistic in zip(gathered, stage.statistics, strict=True):
                    figure.add(made[statistic.of])
                    dtype = made[statistic.of].dtype
                tell(1)
        for figure in gathered:
            found |= figure.figures(dtype)
    return found

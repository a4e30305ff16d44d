"""Run the passes before the last one: the figures that a model takes over all of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol

import numpy as np

from rfonnx.model.opened import Opened
from rfonnx.tiling.each import each_tile
from rfonnx.tiling.plan import Plan, Stage
from rfonnx.tiling.pools import Pool
from rfonnx.tiling.runner import Arrays
from rfonnx.tiling.stages.gathered import Gathered, parts

Reduce = Callable[[Arrays], Arrays]


class Pools(Protocol):
    """Gives a pool for a model, the outputs that are kept, and what reduces them."""

    def __call__(
        self, model: Opened, outputs: list[str], *, reduce: Reduce | None = None
    ) -> AbstractContextManager[Pool]:
        """As `rfonnx.tiling.pools.pool`."""


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
        found |= _of_pass(stage, {**sources, **found}, pools, tell)
    return found


def _of_pass(
    stage: Stage, sources: Mapping[str, Any], pools: Pools, tell: Callable[[int], None]
) -> dict[str, np.ndarray]:
    """Those of one pass, whose session is closed before the next one opens its own."""
    gathered = [Gathered(statistic) for statistic in stage.statistics]
    reduce = partial(parts, stage.statistics)
    with pools(stage.plan.model, list(stage.plan.output_shapes), reduce=reduce) as pool:
        for tile, made in each_tile(stage.plan, sources, pool):
            for figure, statistic in zip(gathered, stage.statistics, strict=True):
                figure.add(made[statistic.tensor], tile.kept[statistic.of])
            tell(1)
    found: dict[str, np.ndarray] = {}
    for figure, statistic in zip(gathered, stage.statistics, strict=True):
        found |= figure.figures(stage.plan.output_dtypes[statistic.of])
    return found

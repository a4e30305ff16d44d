"""Run the passes before the last one: the figures that a model takes over all of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rfonnx.model import runtime
from rfonnx.tiling.plan import TilePlan
from rfonnx.tiling.stages.gathered import Gathered


def gather(
    plan: TilePlan,
    sources: Mapping[str, Any],
    *,
    threads: int | None = None,
    providers: str | Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, np.ndarray]:
    """The figures of all stages, by the name of the input that takes them.

    Args:
        plan: at the size of the sources.
        sources: by input of the file: what gives parts of it by slices.
        threads, providers: as of `Opened.session`.
        progress: called with the number of tiles that are done, of all passes here, and how many there are.
    """
    found: dict[str, np.ndarray] = {}
    total, done = sum(len(stage.plan.tiles) for stage in plan.stages), 0
    for stage in plan.stages:
        gathered = [Gathered(statistic) for statistic in stage.statistics]
        session = stage.plan.model.session(threads=threads, providers=providers)
        for tile in stage.plan.tiles:
            feeds = {
                name: np.ascontiguousarray({**sources, **found}[name][tuple(slice(*r) for r in ranges)])
                for name, ranges in tile.crops.items()
            }
            made = runtime.run(session, [one.of for one in stage.statistics], feeds)
            for figure, statistic, array in zip(gathered, stage.statistics, made, strict=True):
                figure.add(array[tuple(slice(*r) for r in tile.local[statistic.of])])
            done += 1
            progress(done, total)
        for figure in gathered:
            found |= figure.figures(made[0].dtype)
    return found

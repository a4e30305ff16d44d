"""Run a plan: from sources to sinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from rfonnx.errors import DataError, QueryError
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.results.tiling import Ranges
from rfonnx.system import heap
from rfonnx.tiling.each import each_tile
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.pools import Client, Pool, pool
from rfonnx.tiling.runner import part
from rfonnx.tiling.stages.gather import Reduce, gather

Write = Callable[[str, Ranges, np.ndarray], None]
"""Takes a part of an output: its name, where it lies, and the numbers."""

Tell = Callable[[int, int], None]
"""Told how many tiles are done, and how many there are, over all passes."""


class Record(Protocol):
    """What a run that was ended left, and what is written down for the next one.

    Attributes:
        done: tiles of the last pass that are written.
        figures: that earlier passes gathered.
    """

    done: set[int]
    figures: dict[str, np.ndarray]

    def gathered(self, figures: Mapping[str, np.ndarray]) -> None:
        """The earlier passes are done."""

    def finished(self, tile: int) -> None:
        """All of a tile was written."""


def run(
    plan: Plan,
    sources: Mapping[str, Any],
    write: Write,
    *,
    workers: int = 1,
    threads: int | None = None,
    providers: str | Sequence[str] | None = None,
    scheduler: str | Client | None = None,
    record: Record | None = None,
    tell: Tell = lambda done, total: None,
) -> None:
    """Run all tiles of a plan. Memory does not grow with their number.

    Args:
        plan: exact, at the size of the sources.
        sources: by input: anything with `shape`, `dtype` and item access by slices.
        write: takes what is kept of each tile.
        workers, threads, providers, scheduler: see `rfonnx.tiling.pools.pool`.
        record: of what was done before, and what is done now; None: nothing was, and none is kept.
        tell: called after every tile.

    Raises:
        DataError: a source does not fit its input, or cannot be read.
        QueryError: the plan is not exact, or made for another size.
        RunError: the model fails on a crop.
    """
    if not plan.exact:
        raise QueryError(f"no tiles of {plan.name} are exact: {plan.reasons[0]}", "see `rfonnx tile plan`")
    check(plan, sources)

    def pools(model: Opened, outputs: list[str], *, reduce: Reduce | None = None) -> AbstractContextManager[Pool]:
        """All passes are run alike, each in the memory that those before it gave back."""
        heap.give_back()
        return pool(
            model, outputs, workers=workers, threads=threads, providers=providers, scheduler=scheduler, reduce=reduce
        )

    done = record.done if record else set()
    left = (index for index in range(len(plan.tiles)) if index not in done)
    total = sum(len(one.tiles) for one in plan.passes)
    ready = len(done)

    def one_more(tiles: int = 1) -> None:
        nonlocal ready
        ready += tiles
        tell(ready, total)

    figures = dict(record.figures) if record else {}
    tell(ready, total)
    if plan.stages and not figures:
        figures = gather(plan, sources, pools, one_more)
        if record:
            record.gathered(figures)
    with pools(plan.model, list(plan.output_shapes)) as where:
        for tile, made in each_tile(plan, {**sources, **figures}, where, left):
            for name, array in made.items():
                if array.size:
                    write(name, tile.kept[name], array)
            if record:
                record.finished(tile.index)
            one_more()


def check(plan: Plan, sources: Mapping[str, Any]) -> None:
    """Refuse sources that are not what the plan was made for.

    Raises:
        DataError, QueryError: see `run`.
    """
    if not plan.input_shapes:
        raise QueryError(f"the plan of {plan.name} has no size", "plan with shapes= or size=")
    for name, shape in plan.file_shapes.items():
        if name not in sources:
            raise DataError(f"there is no source for input {quote(name)}", "give one for every input")
        source, dtype = sources[name], np.dtype(plan.file_inputs[name])
        if tuple(source.shape) != shape:
            raise DataError(f"input {quote(name)} is {tuple(source.shape)}, expected {shape}", "plan for its size")
        if np.dtype(source.dtype) != dtype:
            raise DataError(f"input {quote(name)} holds {source.dtype}, expected {dtype}", f"convert it to {dtype}")


def to_sinks(sinks: Mapping[str, Any]) -> Write:
    """Write into things with item assignment by slices, by output."""

    def write(name: str, ranges: Ranges, array: np.ndarray) -> None:
        if name in sinks:
            sinks[name][part(ranges)] = array

    return write

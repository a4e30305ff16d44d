"""All tiles of a plan, read, run and handed on in their order, while the next ones are on their way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.graph.text import quote
from rfonnx.results.tiling import Tile
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.pools import Pool, Run
from rfonnx.tiling.runner import Arrays, part


def each_tile(
    plan: Plan, sources: Mapping[str, Any], pool: Pool, tiles: Iterable[int] | None = None
) -> Iterator[tuple[Tile, Arrays]]:
    """Tiles with what is kept of them, by output.

    A few are on their way at a time, so that memory does not grow with their number.

    Args:
        plan: at the size of the sources.
        sources: by input: what gives parts of it by slices, in the input's type.
        pool: where crops are run.
        tiles: which; None: all.

    Raises:
        DataError: a part of a source cannot be read, or has another shape.
        RunError: the model fails on a crop.
    """
    underway: deque[tuple[Tile, Run]] = deque()
    for index in range(len(plan.tiles)) if tiles is None else tiles:
        tile = plan.tiles[index]
        crops = {name: _read(sources[name], name, tile) for name in tile.crops}
        underway.append((tile, pool.submit(crops, tile.local)))
        if len(underway) > pool.ahead:
            first, run = underway.popleft()
            yield first, run.result()
    while underway:
        first, run = underway.popleft()
        yield first, run.result()


def _read(source: Any, name: str, tile: Tile) -> np.ndarray:
    ranges = tile.crops[name]
    try:
        made = np.asarray(source[part(ranges)], order="C")  # a figure may have no axes
    except (OSError, ValueError, IndexError, KeyError, RuntimeError) as error:
        raise DataError(
            f"input {quote(name)}: positions {ranges} cannot be read ({type(error).__name__}: {error})",
            "check the file: it may be damaged, or shorter than it says",
        ) from error
    wanted = tuple(stop - start for start, stop in ranges)
    if made.shape != wanted:
        told = f"input {quote(name)}: positions {ranges} came in the shape {made.shape}, expected {wanted}"
        raise DataError(told, "check the source")
    return made

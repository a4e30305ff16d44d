"""A plan as lazy Dask arrays: every tile is a task, and a part of each output is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rfonnx.errors import QueryError
from rfonnx.results.tiling import Ranges, Tile
from rfonnx.tiling.plan import Cut, Plan
from rfonnx.tiling.runner import Arrays, Runner, part

if TYPE_CHECKING:
    import dask.array


def lazy_outputs(plan: Plan, sources: Mapping[str, Any], threads: int | None = None) -> dict[str, dask.array.Array]:
    """By output: a Dask array whose chunks are what tiles keep.

    Args:
        plan: exact, at the size of the sources, and not in stages.
        sources: by input: Dask arrays, or what `dask.array.from_array` takes.
        threads: of the session, of which each worker process has one.

    Raises:
        QueryError: Dask is not installed, or the plan is in stages.
    """
    if plan.stages:
        raise QueryError(
            "a plan in stages is no lazy array: its figures need passes of their own", "use run with scheduler="
        )
    try:
        import dask.array as da
        from dask import delayed
    except ImportError:
        raise QueryError("dask is not installed", "pip install 'rfonnx[dask]'") from None
    arrays = {name: one if isinstance(one, da.Array) else da.from_array(one) for name, one in sources.items()}
    runner = delayed(Runner(plan.model, list(plan.output_shapes), threads), pure=False)
    tiles = list(plan.tiles)
    made = [delayed(_made, pure=False)(runner, *_crops(arrays, tile), tile.local) for tile in tiles]

    def block(name: str, index: int) -> dask.array.Array:
        shape = tuple(stop - start for start, stop in tiles[index].kept[name])
        return da.from_delayed(made[index][name], shape, np.dtype(plan.output_dtypes[name]))

    def joined(name: str, cuts: Sequence[Cut], indices: np.ndarray) -> dask.array.Array:
        if not cuts:
            return block(name, int(indices))
        axis = next(axis for output, axis in cuts[0].axis.outputs if output == name)
        return da.concatenate([joined(name, cuts[1:], rest) for rest in indices], axis=axis)

    order = np.arange(len(tiles)).reshape([cut.count for cut in plan.cuts])
    return {name: joined(name, plan.cuts, order) for name in plan.output_shapes}


def _crops(arrays: Mapping[str, Any], tile: Tile) -> tuple[list[str], list[Any]]:
    return list(tile.crops), [arrays[name][part(ranges)] for name, ranges in tile.crops.items()]


def _made(runner: Runner, names: list[str], crops: list[np.ndarray], local: Mapping[str, Ranges]) -> Arrays:
    return runner({name: np.ascontiguousarray(crop) for name, crop in zip(names, crops, strict=True)}, local)

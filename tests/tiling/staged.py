"""Random nets with figures over space, in stages: what is written is held to the whole run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

import rfonnx
from rfonnx.errors import QueryError, RfonnxError, ShapeError
from tiling import blocks
from tiling.exactness import Runs
from tiling.figure_blocks import StagedMaker
from tiling.maker import Net, draw

assert blocks

TOLERANCE = 5e-4
"""Of the largest value: figures are gathered in float64, and rounded once; the whole run sums in float32."""

SIZES = {1: (90, 400), 2: (40, 100), 3: (14, 30)}
"""Lengths of an image, by how many axes it has."""


def staged_net(seed: int) -> Net:
    maker = StagedMaker(seed)
    return maker.make(maker.integer(1, 4), 0.6)


def judged(net: Net, seed: int) -> Iterator[str]:
    """What is wrong with the plan in stages of a net: "unsound: ..." or "crash: ...", and the verdicts."""
    runs, random = Runs(net.opened), np.random.default_rng(seed)
    low, high = SIZES[len(net.size)]
    for turn in range(3):
        size = net.size if not turn else tuple(int(n) for n in random.integers(low, high, len(net.size)))
        yield from _at(net, runs, size if "z" not in net.inputs else tuple(n // 2 * 2 for n in size), turn)


def _at(net: Net, runs: Runs, size: tuple[int, ...], seed: int) -> Iterator[str]:
    shapes = net.shapes(size)
    try:
        made = runs(draw(shapes, seed))
    except Exception as error:  # onnxruntime raises classes of its own
        yield f"whole does not run: {str(error)[:60]}"
        return
    tile = [max(5, n // 3) for n in size]
    for _ in range(6):
        try:
            first = next(iter(shapes))
            plan = rfonnx.tile(net.model, shapes, {(first, 2 + i): n for i, n in enumerate(tile)}, stages=True)
            break
        except QueryError as error:
            wanted = re.search(r"axis (\d+).*give (?:a tile of )?(\d+) or more", str(error))
            whole = re.search(r"axis (\d+).*give its whole length, (\d+)", str(error))
            found = wanted or whole
            if not found:
                yield f"refused: {error}"
                return
            axis = int(found[1]) - 2
            tile[axis] = max(tile[axis] + 1, int(found[2]))
        except ShapeError as error:
            yield f"refused: {error}"
            return
    else:
        yield "no tiles found"
        return
    if not plan.exact:
        yield f"not exact: {plan.reasons[0]}"
        return
    if not plan.tiles:
        yield "crash: an exact plan at a size has no tiles"
        return
    passes = [len(one.tiles) for one in plan.passes]
    if sum(passes) > 400:
        yield "many tiles"
        return
    yield from _faults(plan, made, draw(shapes, seed), f"at {size}, tiles {tile}, passes of {passes}")
    yield f"exact in {len(passes)} passes" + (", one tile each" if max(passes) == 1 else "")


def _faults(
    plan: rfonnx.TilePlan, whole: dict[str, np.ndarray], feeds: dict[str, np.ndarray], where: str
) -> Iterator[str]:
    tiled = {name: np.full_like(array, np.nan) for name, array in whole.items()}
    try:
        plan.run({name: feeds[name] for name in plan.file_inputs}, tiled)
    except RfonnxError as error:
        yield f"crash: {where}: {error}"
        return
    for name, array in whole.items():
        off = np.abs(tiled[name] - array).max(initial=0)
        if not off <= TOLERANCE * np.abs(array).max(initial=0):
            yield f"unsound: {where}: '{name}' is off by {off:.2g} of {np.abs(array).max():.2g}"

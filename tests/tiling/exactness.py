"""Whether tiles are what the whole is, by running: nothing here asks rfonnx but for the plan that is judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

import rfonnx
from rfonnx.errors import QueryError, RfonnxError, ShapeError
from rfonnx.results.tiling import Ranges
from tiling.maker import Net, Shapes, draw, open_session

GARBAGE = 50.0
TOLERANCE = 3e-5
"""Of the largest value: kernels that sum in another order at another size differ by less, a read outside by more."""

MOST = {1: 1200, 2: 160, 3: 44}
"""Longest axis of an image, by how many it has."""

GRIDS = (1, 2, 3, 4, 6, 8, 12, 16)

Feeds = dict[str, np.ndarray]


class Runs:
    """A model that runs at many sizes."""

    def __init__(self, model: Any) -> None:
        self.session = open_session(model)
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, feeds: Feeds) -> Feeds:
        return dict(zip(self.outputs, self.session.run(self.outputs, feeds), strict=True))


def cut(array: np.ndarray, ranges: Ranges) -> np.ndarray:
    return array[tuple(slice(*r) for r in ranges)]


def spoilt(feeds: Feeds, crops: dict[str, Ranges]) -> Feeds:
    """The same inside the crops, garbage outside."""
    random = np.random.default_rng(1)
    made = {}
    for name, array in feeds.items():
        made[name] = (random.standard_normal(array.shape) * GARBAGE).astype(array.dtype)
        place = tuple(slice(*r) for r in crops[name])
        made[name][place] = array[place]
    return made


def faults(plan: rfonnx.TilePlan, runs: Runs, feeds: Feeds, garbage: bool = True) -> Iterator[str]:
    """Tiles that are not what the whole is there, outputs that are left out, and what garbage outside a crop changes."""
    whole = runs(feeds)
    seen = {name: np.zeros(array.shape, int) for name, array in whole.items()}
    for tile in plan.tiles:
        made = runs({name: cut(feeds[name], ranges) for name, ranges in tile.crops.items()})
        again = runs(spoilt(feeds, dict(tile.crops))) if garbage else {}
        for name, full in whole.items():
            kept = cut(full, tile.kept[name])
            cut(seen[name], tile.kept[name])[...] += 1
            if name in again and not np.array_equal(cut(again[name], tile.kept[name]), kept):
                yield f"tile {tile.index}: '{name}' sees what lies outside {dict(tile.crops)}"
            off = np.abs(cut(made[name], tile.local[name]) - kept).max(initial=0)
            if not off <= TOLERANCE * np.abs(full).max(initial=0):
                yield f"tile {tile.index}: '{name}' is off by {off:.2g} of {np.abs(full).max(initial=0):.2g} at {tile.kept[name]}"
    for name, counts in seen.items():
        if (counts == 0).any():
            yield f"'{name}' is not made everywhere"


def larger(
    net: Net, plan: rfonnx.TilePlan, random: np.random.Generator, least: int
) -> tuple[tuple[int, ...], dict[Any, int]]:
    """A size that has tiles in the middle, and how long their crops may be."""
    size, tile = list(net.size), {}
    for axis in plan.axes:
        places = {pair[1] - 2 for pair in axis.inputs}
        step = Fraction(next(iter(axis.inputs.values()))) / net.inputs[next(iter(axis.inputs))[0]]
        steps = axis.before + axis.after + int(random.integers(2, 5))
        steps = max(steps, int(2 * least / step) + 1)
        rest = int(random.integers(0, max(1, int(step))))
        length = int(step * steps) + rest
        if length > MOST[len(size)]:
            continue
        for place in places:
            size[place] = length
        more = 0 if random.random() < 0.6 else int(random.integers(0, 2))
        for pair, by in axis.inputs.items():
            tile[pair] = max(least, (axis.before + axis.after + 1 + more) * by + int(rest * net.inputs[pair[0]]))
    return tuple(size), tile


def hard(shapes: Shapes, seed: int) -> Feeds:
    """A sample with one large value: what is taken over everything is decided there, and not in every tile anew."""
    feeds = draw(shapes, seed)
    for place, array in enumerate(feeds.values()):
        array.flat[np.random.default_rng([seed, place]).integers(array.size)] = 30 * (-1) ** seed
    return feeds


def attempt(net: Net, runs: Runs, size: tuple[int, ...], axis: int, grid: int, halo: int) -> bool | None:
    """Whether tiles of one step with this halo are what the whole is, along one axis; None: it does not run, or does not fit."""
    length = grid + 2 * halo
    if length >= size[axis] or any(grid * rate % 1 or halo * rate % 1 for rate in net.inputs.values()):
        return None
    steady = {name: s[axis] for name, s in net.strides.items() if s}
    if len(steady) < len(net.strides) or any(Fraction(grid) / s % 1 or s <= 0 for s in steady.values()):
        return None
    last = (size[axis] - length) // grid * grid
    for seed, sample in ((0, draw), (0, hard), (1, draw), (1, hard), (2, hard)):
        feeds = sample(net.shapes(size), seed)
        try:
            whole = runs(feeds)
            for origin in range(0, last + 1, grid):
                stop = size[axis] if origin == last else origin + length
                crops = {
                    name: np.moveaxis(np.moveaxis(array, axis + 2, 0)[int(origin * r) : int(stop * r)], 0, axis + 2)
                    for (name, array), r in zip(feeds.items(), net.inputs.values(), strict=True)
                }
                made = runs(crops)
                for name, stride in steady.items():
                    begin, at = int((halo if origin else 0) / stride), int(origin / stride)
                    end = None if origin == last else int((halo + grid) / stride)
                    full = np.moveaxis(whole[name], axis + 2, 0)[at + begin : None if end is None else at + end]
                    mine = np.moveaxis(made[name], axis + 2, 0)[begin:end]
                    if full.shape != mine.shape:
                        return False
                    if not np.abs(full - mine).max(initial=0) <= TOLERANCE * np.abs(whole[name]).max(initial=0):
                        return False
        except Exception:  # onnxruntime raises classes of its own
            return None
    return True


def tileable(net: Net, runs: Runs, axis: int) -> str:
    """A grid and a halo that seem to do, and do at a larger size, "" where none does, or "untried"."""
    tried = 0
    for factor in (2, 1):
        size, larger_ = (tuple(n * f if i == axis else n for i, n in enumerate(net.size)) for f in (factor, factor + 1))
        for grid in GRIDS:
            for halo in {grid * k for k in (0, 1, 2, 3, 4)} | {size[axis] // 3 // grid * grid}:
                result = attempt(net, runs, size, axis, grid, halo)
                tried += result is not None
                if result and attempt(net, runs, larger_, axis, grid, halo) is not False:
                    return f"a grid of {grid} with a halo of {halo} at {size}"
    return "" if tried else "untried"


def judged(net: Net, seed: int, search: bool = True) -> Iterator[str]:
    """What is wrong with the plan of a net: "unsound: ..."; the verdict: "exact", "not exact: reason".

    Of each axis that is not tiled: "differs", "loose" or "untried", with what was tried and the reason.

    Args:
        search: whether to look for tiles that would do where there is said to be none.
    """
    runs, random = Runs(net.opened), np.random.default_rng(seed)
    try:
        first = rfonnx.tile(net.model, net.shapes(net.size))
    except (ShapeError, QueryError) as error:
        yield f"refused: {error}"
        return
    if first.exact and first.tiles:
        yield from (f"unsound: {line}" for line in faults(first, runs, draw(first_shapes(first))))
        yield from _at_other_sizes(net, first, runs, random)
    else:
        yield f"not exact: {'; '.join(first.reasons)}"
    blocked = {pair[1] - 2 for pair in first.whole if pair[0] in net.inputs}
    for axis in () if not search else blocked if first.exact else blocked or range(len(net.size)):
        found = tileable(net, runs, axis)
        outcome = "differs" if not found else "untried" if found == "untried" else "loose"
        reason = next((text for pair, text in first.whole.items() if pair[1] - 2 == axis), "; ".join(first.reasons))
        yield f"{outcome}: axis {axis + 2}: {found or 'nothing that was tried did'}: {reason}"


def first_shapes(plan: rfonnx.TilePlan) -> Shapes:
    return {name: tuple(shape) for name, shape in plan.input_shapes.items()}


def _at_other_sizes(net: Net, first: rfonnx.TilePlan, runs: Runs, random: np.random.Generator) -> Iterator[str]:
    verdicts: list[str] = []
    slack = 0
    for attempt_ in range(3):
        size, tile = larger(net, first, random, slack)
        try:
            shapes = net.shapes(size)
            plan = rfonnx.tile(net.model, shapes, tile)
        except QueryError as error:
            wanted = re.search(r"give (?:a tile of )?(\d+) or more", str(error))
            verdicts.append(f"larger tiles: {error}")
            slack = int(wanted[1]) + 8 if wanted else slack
            continue
        except RfonnxError as error:
            verdicts.append(f"{type(error).__name__} at {size}: {error}")
            continue
        if not plan.exact:
            verdicts.append(f"not exact at {size}, {tile}: {plan.reasons}")
            continue
        if len(plan.tiles) > 64:
            verdicts.append("many tiles")
            continue
        try:
            runs(draw(shapes))
        except Exception as error:  # onnxruntime raises classes of its own
            verdicts.append(f"onnxruntime refuses the whole: {error}")
            continue
        lines = list(faults(plan, runs, draw(shapes, attempt_), garbage=len(plan.tiles) <= 30))
        yield from (f"unsound: at {size}, tiles {tile}: {line}" for line in lines)
        verdicts.append(f"{len(plan.tiles)} tiles")
    yield f"exact: {'; '.join(verdicts)}"
